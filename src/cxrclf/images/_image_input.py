"""X, understood once: image files or pixels, in any form."""

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import validate_data

from cxrclf.exceptions import ImageReadError, PixelRangeWarning
from cxrclf.images._array_images import ArrayImages, Images
from cxrclf.images._decode_store import DecodeStore
from cxrclf.images._paths import find_paths

_FILES = (
    "image files as an (n, 1) or (n,) array, a list, or a data frame with a column "
    "'path'"
)


@dataclass(frozen=True, eq=False)
class ImageInput:
    """Images in any form that the estimators, transformers and samplers accept.

    Made by :meth:`from_X`, which is the only place where X is interpreted. No file is
    read before :meth:`open` or :meth:`stream`.

    Parameters
    ----------
    X : array-like
        The images as given.
    paths : ndarray of shape (n,) of object, or None
        The str and path-like objects in X, or None where X holds pixels.
    values : ndarray of shape (n, F), (n, H, W) or (n, H, W, C), or None
        The checked pixels in the shape of X, or None where X holds paths.
    image_shape : tuple of int, default=None
        (H, W) or (H, W, C) of the image that a flat row stands for.
    """

    X: Any
    paths: np.ndarray | None
    values: np.ndarray | None
    image_shape: tuple[int, ...] | None = None

    @classmethod
    def from_X(  # noqa: N802
        cls,
        X: Any,
        *,
        estimator: Any = None,
        reset: bool = True,
        image_shape: tuple[int, ...] | None = None,
        flat_rows: bool = True,
        **checks: Any,
    ) -> Self:
        """Interpret and check X.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, a Series, or a data frame
            with a column `path`; images of shape (n, H, W) or (n, H, W, C); or flat
            rows of shape (n, F).
        estimator : estimator object, default=None
            The estimator whose X this is. It gets or compares `n_features_in_` and
            `feature_names_in_` where X is a table of numbers.
        reset : bool, default=True
            Whether the estimator learns these attributes, instead of comparing them.
        image_shape : tuple of int, default=None
            (H, W) or (H, W, C) of the image that a flat row stands for. By default a
            row of F values is a 1 × 1 image of F channels.
        flat_rows : bool, default=True
            Whether flat rows are accepted.
        **checks
            Parameters of :func:`sklearn.utils.check_array`, for pixels.

        Returns
        -------
        ImageInput

        Raises
        ------
        ValueError
            If X holds neither files nor images, or does not match `image_shape`.
        TypeError
            If only some of the values are paths.
        """
        if estimator is not None and reset:
            for name in ("n_features_in_", "feature_names_in_"):
                vars(estimator).pop(name, None)  # of an earlier fit, on flat rows
        paths = find_paths(X)
        if paths is not None:
            return cls(X, paths, None)
        ndim = _count_dimensions(X)
        if ndim not in ((2, 3, 4) if flat_rows else (3, 4)):
            raise ValueError(_describe_accepted(X, ndim, flat_rows, estimator))
        if ndim == 2 and estimator is not None:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        values = check_array(
            np.asarray(X) if hasattr(X, "columns") else X,  # of sparse columns, too
            allow_nd=True,
            ensure_2d=False,
            estimator=estimator,
            input_name="X",
            **checks,
        )
        return cls(X, None, values, _check_image_shape(values, image_shape))

    def __len__(self) -> int:
        return len(self.values if self.paths is None else self.paths)

    @property
    def pixels(self) -> np.ndarray | None:
        """The images in X, (n, H, W) or (n, H, W, C), or None where X holds paths."""
        if self.values is None or self.values.ndim > 2:
            return self.values
        return self.values.reshape(len(self), *(self.image_shape or (1, 1, -1)))

    @property
    def sample_shape(self) -> tuple[int, ...] | None:
        """Shape of an image, (H, W) or (H, W, C), or None for files."""
        return None if self.pixels is None else self.pixels.shape[1:]

    @property
    def is_copy(self) -> np.ndarray:
        """Whether a row is a transformed copy of a file, (n,) of bool.

        Such a path has the attribute ``augmentation``, as
        :class:`~cxrclf.augmentation.AugmentedPath` has.
        """
        if self.paths is None:
            return np.zeros(len(self), dtype=bool)
        return np.array([hasattr(path, "augmentation") for path in self.paths], bool)

    def take(self, rows: np.ndarray) -> Any:
        """Return some rows of X in the form of X.

        Parameters
        ----------
        rows : ndarray of shape (m,) of int

        Returns
        -------
        array-like of m rows
        """
        taken = _safe_indexing(self.X, rows)
        return taken.reset_index(drop=True) if hasattr(taken, "iloc") else taken

    def append(self, new: np.ndarray, rows: np.ndarray | None = None) -> Any:
        """Return X with images appended, in the form of X.

        Parameters
        ----------
        new : ndarray of shape (m,) of object, or of shape (m, ...)
            Paths, or pixels of the type and shape of `values`.
        rows : ndarray of shape (m,) of int, default=None
            Rows of X from which the other columns of a data frame are copied. By
            default the new rows have missing values there.

        Returns
        -------
        array-like of n + m rows
            Paths in arrays have the type object.
        """
        X = self.X
        if isinstance(X, (list, tuple)):
            if isinstance(X[0], (list, tuple)):  # of pixels, or of one path
                new = (new if self.paths is None else new[:, None]).tolist()
            return [*X, *new]
        if self.paths is None:
            values = np.concatenate([self.values, new])
            if hasattr(X, "columns"):
                return type(X)(values, columns=X.columns).astype(X.dtypes)
            return values
        values = np.concatenate([self.paths, new])
        if hasattr(X, "columns"):
            if rows is None:
                frame = X.reset_index(drop=True).reindex(range(len(values)))
            else:
                frame = self.take(np.r_[: len(X), rows])
            return frame.assign(path=values)
        if hasattr(X, "iloc"):
            return type(X)(values, name=X.name, dtype=object)
        return values.reshape(-1, *X.shape[1:])

    def open(
        self,
        image_size: tuple[int, int],
        *,
        keep_aspect_ratio: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> Images:
        """Decode files, or find them decoded; pixels stay as they are.

        Parameters
        ----------
        image_size : (int, int)
            Height and width at which files are read, in pixels.
        keep_aspect_ratio : bool, default=False
            Whether files are padded to `image_size` instead of being stretched.
        cache_dir : path-like, default=None
            Folder of decoded files. By default they are kept until the process ends.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        Images
            The n images, gathered by row.

        Raises
        ------
        ImageReadError
            Naming all unreadable files.
        """
        if self.paths is None:
            return ArrayImages(self.pixels)
        store = DecodeStore(
            image_size, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
        )
        return store.fetch(self.paths, n_jobs=-1, verbose=verbose)

    def stream(
        self,
        image_size: tuple[int, int],
        n_rows: int,
        *,
        keep_aspect_ratio: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> Iterator[tuple[slice, Images]]:
        """Decode files in parts, each while the part before is being used.

        Parameters
        ----------
        image_size, keep_aspect_ratio, cache_dir
            As in :meth:`open`.
        n_rows : int
            Number of files per part. Pixels in memory are one part.

        Yields
        ------
        rows : slice
            Which rows of X the part holds.
        images : Images

        Raises
        ------
        ImageReadError
            Naming all unreadable files. Missing files are found before anything is
            yielded.
        """
        if self.paths is None:
            yield slice(0, len(self)), ArrayImages(self.pixels)
            return
        store = DecodeStore(
            image_size, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
        )
        if not all(map(os.path.exists, self.paths)):
            store.fetch(self.paths, n_jobs=-1)  # raises an error that names all
        failures: dict[str, str] = {}

        def fetch(rows):
            try:
                return rows, store.fetch(self.paths[rows], n_jobs=-1)
            except ImageReadError as error:
                failures.update(error.failures)
                return None

        parts = [slice(i, i + n_rows) for i in range(0, len(self), n_rows)]
        with ThreadPoolExecutor(1) as executor:
            for part in _map_ahead(executor, fetch, parts):
                # After a failure the rest is decoded to name all that fail.
                if not failures:
                    yield part
        if failures:
            raise ImageReadError(failures)

    def warn_of_range(self) -> None:
        """Warn of pixels that do not look like the range of their type.

        Warns
        -----
        PixelRangeWarning
        """
        pixels = self.pixels
        if pixels is None or pixels.shape[1:3] == (1, 1):
            return
        if pixels.dtype.kind == "f":
            low, high = pixels.min(), pixels.max()
            if low < 0 or high > 1:
                warnings.warn(
                    f"Float pixels must be in [0, 1], and X has values from {low:.4g} "
                    f"to {high:.4g}. Divide 8-bit pixels by 255, or pass them as "
                    "uint8.",
                    PixelRangeWarning,
                    stacklevel=2,
                )
        elif pixels.dtype.kind in "iu":
            limit = np.iinfo(pixels.dtype).max
            high = pixels.max()
            # A few bits of the type, or no more than 8 bits in a wider one.
            if pixels.dtype.itemsize > 1 and high <= max(255, limit // 256):
                warnings.warn(
                    f"{pixels.dtype} pixels are divided by {limit}, the maximum of "
                    f"their type, but the largest in X is {high}: the images will be "
                    "black. Pass 8-bit pixels as uint8.",
                    PixelRangeWarning,
                    stacklevel=2,
                )


def _count_dimensions(X: Any) -> int | None:
    """Return the number of dimensions of X, or None for images of several sizes."""
    try:
        return X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    except ValueError:
        return None


def _describe_accepted(
    X: Any, ndim: int | None, flat_rows: bool, estimator: Any
) -> str:
    """Return the message for an X of the wrong number of dimensions."""
    name = "X" if estimator is None else f"X of {type(estimator).__name__}"
    if ndim is None:
        got = "images of several sizes. Resize them to one size, or give files"
    else:
        got = (
            f"an array of shape {np.shape(X)}. Reshape your data; a single image is "
            "image[None]"
        )
    rows = ", or flat rows of shape (n, F)" if flat_rows else ""
    return (
        f"{name} must hold {_FILES}; or images as an (n, H, W) or (n, H, W, C) array"
        f"{rows}. Got {got}."
    )


def _check_image_shape(
    values: np.ndarray, image_shape: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """Check that the shape of an image is that of the rows."""
    if image_shape is None:
        return None
    shape = tuple(image_shape)
    if values.ndim > 2 and values.shape[1:] != shape:
        raise ValueError(
            f"X holds images of shape {values.shape[1:]}, but image_shape is {shape}. "
            "Leave image_shape=None for images that are not flattened to rows."
        )
    if values.ndim == 2 and (len(shape) > 3 or np.prod(shape) != values.shape[1]):
        raise ValueError(
            f"X has rows of {values.shape[1]} values, but image_shape={shape} needs "
            f"{np.prod(shape)}. Set image_shape to (H, W) or (H, W, C) of the "
            "flattened images."
        )
    return shape


def _map_ahead(executor: Executor, function: Any, items: list) -> Iterator[Any]:
    """Map a function over items, and compute each value while the last is used."""
    coming = None
    for item in items:
        last, coming = coming, executor.submit(function, item)
        if last is not None:
            yield last.result()
    if coming is not None:
        yield coming.result()
