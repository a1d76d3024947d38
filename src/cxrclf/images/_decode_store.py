"""A store of decoded images on disk, shared by folds, grid points and processes."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from joblib import effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend
from tqdm import tqdm

from cxrclf._utils.disk import make_folders
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.session import UsesSession, session_folder
from cxrclf.exceptions import ImageReadError
from cxrclf.images._bits_stored import check_bits_stored
from cxrclf.images._paths import find_paths
from cxrclf.images._read_image import describe_error, quiet_decoders, read_image
from cxrclf.images._store_index import DecodeIndex, Identity, Places, access_error
from cxrclf.images._stored_images import StoredImages

_FORMAT = 1  # increase it when the layout of the files changes
_PIXELS = 2  # increase it when read_image returns different pixels
# Two chunks are in memory at once: one is written while the next is decoded.
_CHUNK_BYTES = 2**24  # largest number of bytes per chunk
_CHUNK_FILES = 256  # largest number of files per chunk


class DecodeStore(UsesSession):
    """Store of decoded image files.

    The store holds the pixels of files on disk, at one size. Each file is decoded once
    for all folds, grid points, runs and processes. The store identifies a file by its
    path, size and modification time, so it decodes a changed file again. Several
    processes may use a store at the same time. A killed process leaves the store
    valid.

    Parameters
    ----------
    image_size : int or (int, int)
        Side of a square, or height and width, in pixels.
    keep_aspect_ratio : bool, default=False
        Whether images keep their aspect ratio. If True, images are fitted into
        `image_size` and centered on zeros. If False, images are stretched.
    bits_stored : int, optional
        Number of bits that the pixels of 16-bit files use, from 2 to 16, as in
        :func:`read_image`. By default the pixels use all bits.
    cache_dir : path-like, optional
        Folder for the subfolder `decoded` with the files of the store. You may delete
        the subfolder between runs. The default is a temporary folder, which the process
        shares with its workers and removes at its end.

    Raises
    ------
    ValueError
        If `image_size` is not a positive size, or `bits_stored` not a number of bits.

    See Also
    --------
    ImageReader : Transformer from paths to an array, which uses this store.
    read_image : Function that decodes one file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cxrclf.images import DecodeStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> paths = [str(Path(folder.name) / f"{i}.png") for i in range(3)]
    >>> for i, path in enumerate(paths):
    ...     Image.fromarray(np.full((5, 5), 10 * i, dtype=np.uint8)).save(path)
    >>> images = DecodeStore(image_size=4).fetch(paths)
    >>> images
    <StoredImages: 3 of 4 x 4 pixels>
    >>> images.gather([2, 0, 2])[:, 0, 0]
    array([20,  0, 20], dtype=uint8)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        image_size: int | tuple[int, int],
        *,
        keep_aspect_ratio: bool = False,
        bits_stored: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
    ):
        self.image_size = check_image_size(image_size)
        self.keep_aspect_ratio = bool(keep_aspect_ratio)
        self.bits_stored = check_bits_stored(bits_stored)
        self.cache_dir = cache_dir

    def fetch(
        self, paths: Any, *, n_jobs: int | None = None, verbose: int = 0
    ) -> StoredImages:
        """Decode the files that are not stored yet, and return all images.

        Parameters
        ----------
        paths : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`. The same path may occur several times.
        n_jobs : int, optional
            Number of decoding threads. As in scikit-learn, None means 1 unless in a
            `joblib.parallel_config` context, and -1 means all processors.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        StoredImages
            The n images, in the order of `paths`.

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them. The other files
            are stored.
        RuntimeError
            If the store is damaged. The message names the folder to delete.
        OSError
            If the store cannot be written.
        """
        names = check_paths(paths)
        n_threads = _count_threads(n_jobs)
        numbers: dict[str, int] = {}  # absolute path to number, in order
        files = np.array(
            [numbers.setdefault(os.path.abspath(name), len(numbers)) for name in names]
        )
        identities, failures = _identify(numbers)
        folder = self._folder()
        kept = self.cache_dir is not None
        with DecodeIndex(folder, survives_power_failure=kept) as index:
            failures |= self._decode(index, identities, n_threads, verbose)
            places = index.find(identities)
        if failures:
            # Report the paths as given, in the order of the files. The last value for a
            # key stays in a dict, so reverse: the first spelling of a path is reported.
            given = dict(zip(files[::-1], names[::-1], strict=True))
            raise ImageReadError(
                {
                    given[n]: failures[path]
                    for path, n in numbers.items()
                    if path in failures
                }
            )
        return StoredImages(
            folder,
            self.image_size,
            Places(*(place[files] for place in places)),
            bits_stored=self.bits_stored,
        )

    def _decode(
        self,
        index: DecodeIndex,
        identities: Sequence[Identity],
        n_threads: int,
        verbose: int,
    ) -> dict[str, str]:
        """Decode and store missing files, and return failures by path."""
        failures = {}
        missing = _find_missing(index, identities)
        pool = ThreadPoolExecutor(n_threads)
        with (
            quiet_decoders(),
            tqdm(
                total=len(missing),
                desc="decoding",
                unit="image",
                disable=not (verbose and missing),
            ) as bar,
        ):
            try:
                for results in self._decode_chunks(index, missing, pool, n_threads):
                    decoded = {}
                    for identity, result in results:
                        if isinstance(result, str):
                            failures[os.fsdecode(identity.path)] = result
                        else:
                            decoded[identity] = result
                        bar.update()
                    index.add(list(decoded), list(decoded.values()))
            finally:  # after an error or an interrupt, decode no other files
                pool.shutdown(cancel_futures=True)
        return failures

    def _decode_chunks(
        self,
        index: DecodeIndex,
        missing: Sequence[Identity],
        pool: Executor,
        n_threads: int,
    ) -> Iterator[Iterable[tuple[Identity, np.ndarray | str]]]:
        """Yield the files of each chunk with their pixels or failures.

        The next chunk is decoded while the caller writes a chunk.
        """
        image_bytes = 2 * self.image_size[0] * self.image_size[1]
        step = min(_CHUNK_FILES, max(n_threads, _CHUNK_BYTES // image_bytes))
        ahead = None
        for start in range(0, len(missing), step):
            # Another process may have stored some of them in the meantime.
            chunk = _find_missing(index, missing[start : start + step])
            results = zip(chunk, pool.map(self._decode_one, chunk), strict=True)
            if ahead is not None:
                yield ahead
            ahead = results
        if ahead is not None:
            yield ahead

    def _decode_one(self, identity: Identity) -> np.ndarray | str:
        """Return the pixels of a file, or the reason why it cannot be read."""
        try:
            return self._read(os.fsdecode(identity.path))
        except ImageReadError as error:
            (reason,) = error.failures.values()
            return reason

    def _read(self, path: str) -> np.ndarray:
        return read_image(
            path,
            self.image_size,
            keep_aspect_ratio=self.keep_aspect_ratio,
            bits_stored=self.bits_stored,
        )

    def _settings(self) -> tuple:
        """Return the settings that determine the pixels of a file."""
        return (
            _FORMAT,
            _PIXELS,
            PIL.__version__,
            self.image_size,
            self.keep_aspect_ratio,
            self.bits_stored,
        )

    def _folder(self) -> Path:
        root = session_folder() if self.cache_dir is None else Path(self.cache_dir)
        settings = self._settings()
        digest = hashlib.blake2b(repr(settings).encode(), digest_size=8).hexdigest()
        height, width = self.image_size
        names = "decoded", f"{height}x{width}-{digest}"
        try:
            return make_folders(root.absolute(), *names)
        except OSError as error:
            raise access_error(root.absolute().joinpath(*names), error) from error


def _count_threads(n_jobs: int | None) -> int:
    """Return the number of threads for `n_jobs`, with joblib's rules."""
    if n_jobs is None:
        _, n_jobs = get_active_backend()
    # With its default backend joblib would warn and return 1 where it cannot start
    # processes, such as in a worker.
    with parallel_config(prefer="threads", require="sharedmem", verbose=0):
        return effective_n_jobs(n_jobs)


def check_paths(X: Any) -> np.ndarray:
    """Return the paths in X as an (n,) array of str, or raise an error."""
    paths = find_paths(X)
    if paths is None:
        shape = getattr(X, "shape", None)
        what = f"{type(X).__name__}" + (f" of shape {shape}" if shape else "")
        raise ValueError(
            "Expected paths of image files, as an (n,) or (n, 1) array, a list, a "
            f"Series or a data frame with a column 'path'; got {what} without paths."
        )
    return np.array([os.fspath(path) for path in paths], dtype=object)


def _identify(paths: Iterable[str]) -> tuple[list[Identity], dict[str, str]]:
    """Return the identities of existing files, and the errors of other files."""
    identities, failures = [], {}
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            failures[path] = describe_error(path, error)
        else:
            identities.append(
                Identity(os.fsencode(path), status.st_size, status.st_mtime_ns)
            )
    return identities, failures


def _find_missing(index: DecodeIndex, identities: Sequence[Identity]) -> list[Identity]:
    """Return the identities of files that are not stored."""
    depths = index.find(identities).depths
    return [
        identity
        for identity, depth in zip(identities, depths, strict=True)
        if depth == 0
    ]
