"""Files decoded once, to a folder shared by folds, grid points and processes."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from cxrclf.images._paths import find_paths
from cxrclf.images._read_image import quiet_decoders, read_image, why_unreadable
from cxrclf.images._store_index import DecodeIndex, Identity, Places, unusable
from cxrclf.images._stored_images import StoredImages

_FORMAT = 1  # raised when the files of a store change their layout
_PIXELS = 1  # raised when read_image gives other pixels
_CHUNK_BYTES = 2**25  # decoded at once, before they are written
_CHUNK_FILES = 512


class DecodeStore(UsesSession):
    """Image files, decoded once.

    The pixels are kept on disk at one size, addressed by a file's path, size and
    modification time and by how it was decoded. So a file that changes is decoded
    again, and files that do not are decoded once for all folds, grid points, runs
    and processes. Several processes may use a store at once, and one that is killed
    leaves nothing half-written.

    Parameters
    ----------
    image_size : int or (int, int)
        Side of a square, or height and width, in pixels.
    keep_aspect_ratio : bool, default=False
        Whether to fit images into `image_size` and to centre them on zeros,
        instead of resizing them to it.
    cache_dir : path-like, optional
        Where the store keeps its files: in a folder `decoded` there, which may be
        deleted at any time between runs. The default is a temporary folder that
        the process shares with its workers and removes when it ends.

    Raises
    ------
    ValueError
        If `image_size` is not a positive size.

    See Also
    --------
    ImageReader : The transformer that uses it.
    read_image : Decodes one file, and says how.

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
        cache_dir: str | os.PathLike[str] | None = None,
    ):
        self.image_size = check_image_size(image_size)
        self.keep_aspect_ratio = bool(keep_aspect_ratio)
        self.cache_dir = cache_dir

    def fetch(
        self, paths: Any, *, n_jobs: int | None = None, verbose: int = 0
    ) -> StoredImages:
        """Decode the files that are not stored yet, and return all.

        Parameters
        ----------
        paths : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`. The same path may occur many times.
        n_jobs : int, optional
            Number of threads that decode, as in scikit-learn: None means 1 unless
            in a `joblib.parallel_config` context, -1 all processors.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        StoredImages
            The n images, in the order of `paths`.

        Raises
        ------
        ImageReadError
            If files cannot be read. All of them are named at once; the others stay
            decoded.
        RuntimeError
            If the store is damaged; the message names the folder to delete.
        OSError
            If the store cannot be written.
        """
        names = check_paths(paths)
        n_threads = _count_threads(n_jobs)
        numbers: dict[str, int] = {}  # of different files, in order
        files = np.array(
            [numbers.setdefault(os.path.abspath(name), len(numbers)) for name in names]
        )
        identities, failures = _identify(numbers)
        folder = self._folder()
        with DecodeIndex(folder) as index:
            failures |= self._decode(index, identities, n_threads, verbose)
            places = index.find(identities)
        if failures:
            # In the words of the caller, and in the order of the files.
            given = dict(zip(files[::-1], names[::-1], strict=True))
            raise ImageReadError(
                {
                    given[n]: failures[path]
                    for path, n in numbers.items()
                    if path in failures
                }
            )
        return StoredImages(
            folder, self.image_size, Places(*(place[files] for place in places))
        )

    def _decode(
        self,
        index: DecodeIndex,
        identities: Sequence[Identity],
        n_threads: int,
        verbose: int,
    ) -> dict[str, str]:
        """Decode and store the files that are not, and return why any cannot be."""
        failures = {}
        absent = _absent(index, identities)
        image_bytes = 2 * self.image_size[0] * self.image_size[1]
        step = min(_CHUNK_FILES, max(n_threads, _CHUNK_BYTES // image_bytes))
        with (
            quiet_decoders(),
            tqdm(
                total=len(absent),
                desc="decoding",
                unit="image",
                disable=not (verbose and absent),
            ) as bar,
            ThreadPoolExecutor(n_threads) as pool,
        ):
            for start in range(0, len(absent), step):
                # Another process may be decoding the same files.
                chunk = _absent(index, absent[start : start + step])
                decoded = {}
                for identity, result in zip(
                    chunk, pool.map(self._decode_one, chunk), strict=True
                ):
                    if isinstance(result, str):
                        failures[os.fsdecode(identity.path)] = result
                    else:
                        decoded[identity] = result
                    bar.update()
                index.add(list(decoded), list(decoded.values()))
        return failures

    def _decode_one(self, identity: Identity) -> np.ndarray | str:
        try:
            return self._read(os.fsdecode(identity.path))
        except ImageReadError as error:
            (reason,) = error.failures.values()
            return reason

    def _read(self, path: str) -> np.ndarray:
        return read_image(
            path, self.image_size, keep_aspect_ratio=self.keep_aspect_ratio
        )

    def _settings(self) -> tuple:
        """Return all that decides pixels besides the file."""
        return (
            _FORMAT,
            _PIXELS,
            PIL.__version__,
            self.image_size,
            self.keep_aspect_ratio,
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
            raise unusable(root.absolute().joinpath(*names), error) from error


def _count_threads(n_jobs: int | None) -> int:
    """Return the number of threads for `n_jobs`, as joblib counts them."""
    if n_jobs is None:
        _, n_jobs = get_active_backend()
    # Joblib counts 1, with a warning, where its default backend may start no processes.
    with parallel_config(prefer="threads", require="sharedmem", verbose=0):
        return effective_n_jobs(n_jobs)


def check_paths(X: Any) -> np.ndarray:
    """Return the paths in X as an (n,) array of str, or say that there are none."""
    paths = find_paths(X)
    if paths is None:
        shape = getattr(X, "shape", None)
        what = f"{type(X).__name__}" + (f" of shape {shape}" if shape else "")
        raise ValueError(
            "Expected paths of image files, as an (n,) or (n, 1) array, a list, a "
            f"Series or a data frame with a column 'path'; got {what} without any."
        )
    return np.array([os.fspath(path) for path in paths], dtype=object)


def _identify(paths: Iterable[str]) -> tuple[list[Identity], dict[str, str]]:
    """Return the identities of files that exist, and what is wrong with others."""
    identities, failures = [], {}
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            failures[path] = why_unreadable(path, error)
        else:
            identities.append(
                Identity(os.fsencode(path), status.st_size, status.st_mtime_ns)
            )
    return identities, failures


def _absent(index: DecodeIndex, identities: Sequence[Identity]) -> list[Identity]:
    depths = index.find(identities).depths
    return [
        identity
        for identity, depth in zip(identities, depths, strict=True)
        if depth == 0
    ]
