"""Interpret X as image files or pixels."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import validate_data

from cxrclf._utils.paths import is_copy
from cxrclf.exceptions import ImageReadError
from cxrclf.images._array_images import ArrayImages, Images
from cxrclf.images._bits_stored import scale_bits
from cxrclf.images._check_pixels import (
    DARK,
    check_layout,
    check_values,
    warn_of_color,
    warn_of_flat_rows,
    warn_of_opacity,
    warn_of_range,
)
from cxrclf.images._containers import refuse_objects, to_array
from cxrclf.images._decode_store import DecodeStore
from cxrclf.images._grow_parts import grow_parts
from cxrclf.images._map_ahead import map_ahead
from cxrclf.images._paths import find_paths

_FILES = (
    "image files as an (n, 1) or (n,) array, a list, or a data frame with a column "
    "'path'"
)


@dataclass(frozen=True, eq=False)
class ImageInput:
    """Images in any form that the estimators, transformers and samplers accept.

    Create an object with :meth:`from_X`, which is the only function that interprets X.
    Only :meth:`open` and :meth:`stream` read files.

    Parameters
    ----------
    X : array-like
        Images as passed by the user.
    paths : ndarray of shape (n,) of object, or None
        The str and path-like objects in X, or None if X holds pixels.
    values : ndarray of shape (n, F), (n, H, W) or (n, H, W, C), or None
        Checked pixels in the shape of X, or None if X holds paths.
    image_shape : tuple of int, default=None
        Shape (H, W) or (H, W, C) of the image in each flat row.
    bits_stored : int, default=None
        Number of bits per pixel of 16-bit files. `values` are scaled already.
    """

    X: Any
    paths: np.ndarray | None
    values: np.ndarray | None
    image_shape: tuple[int, ...] | None = None
    bits_stored: int | None = None

    @classmethod
    def from_X(  # noqa: N802
        cls,
        X: Any,
        *,
        estimator: Any = None,
        reset: bool = True,
        image_shape: tuple[int, ...] | None = None,
        bits_stored: int | None = None,
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
            Estimator that receives X. If X has flat rows, `n_features_in_` and
            `feature_names_in_` of the estimator are set or checked.
        reset : bool, default=True
            Whether these attributes are set. If False, X is checked against them.
        image_shape : tuple of int, default=None
            Shape (H, W) or (H, W, C) of the image in each flat row. By default a row of
            F values is a 1 × 1 image with F channels.
        bits_stored : int, default=None
            Number of bits per pixel that integers of more than 8 bits use. They are
            scaled to 16 bits. By default they use all bits of their type.
        flat_rows : bool, default=True
            Whether flat rows are accepted.
        **checks
            Parameters of :func:`sklearn.utils.check_array` for pixels.

        Returns
        -------
        ImageInput

        Raises
        ------
        ValueError
            If X holds neither files nor images, does not match `image_shape`, has the
            channels first, has negative integers, or has images of several sizes.
        TypeError
            If only some of the values are paths, or X is or holds other objects, such
            as bytes or open files.
        """
        if estimator is not None and reset:
            for name in ("n_features_in_", "feature_names_in_"):
                vars(estimator).pop(name, None)  # from an earlier fit on flat rows
        refuse_objects(X)
        paths = find_paths(X)
        if paths is not None:
            return cls(X, paths, None, bits_stored=bits_stored)
        values = to_array(X)
        if values.ndim not in ((2, 3, 4) if flat_rows else (3, 4)):
            raise ValueError(_describe_accepted(X, values, flat_rows, estimator))
        if values.ndim == 2 and estimator is not None:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        values = check_array(
            values,
            allow_nd=True,
            ensure_2d=False,
            estimator=estimator,
            input_name="X",
            **checks,
        )
        if not values.size:
            raise ValueError(f"X has images without pixels, of shape {values.shape}.")
        image_shape = _check_image_shape(values, image_shape)
        if values.ndim > 2 or image_shape is not None:
            _check_single_tensor(X, values)
            shape = len(values), *(image_shape or values.shape[1:])
            check_layout(shape, tensor=hasattr(X, "detach"))
            check_values(values)
            if bits_stored is not None and values.dtype.kind in "iu":
                values = scale_bits(values, bits_stored)
        return cls(X, None, values, image_shape)

    def __len__(self) -> int:
        values = self.values if self.paths is None else self.paths
        return len(values)  # type: ignore[arg-type]  # one of the two is an array

    @property
    def pixels(self) -> np.ndarray | None:
        """Images of shape (n, H, W) or (n, H, W, C), or None if X holds paths."""
        if self.values is None or self.values.ndim > 2:
            return self.values
        return self.values.reshape(len(self), *(self.image_shape or (1, 1, -1)))

    @property
    def sample_shape(self) -> tuple[int, ...] | None:
        """Shape (H, W) or (H, W, C) of an image, or None if X holds paths."""
        return None if self.pixels is None else self.pixels.shape[1:]

    @property
    def n_channels(self) -> int:
        """Number of channels of an image. Files are gray."""
        shape = self.sample_shape
        return shape[2] if shape is not None and len(shape) == 3 else 1

    @property
    def is_copy(self) -> np.ndarray:
        """Mask of the rows that are transformed copies of files, (n,) of bool.

        A transformed copy is a path such as
        :class:`~cxrclf.augmentation.AugmentedPath`.
        """
        if self.paths is None:
            return np.zeros(len(self), dtype=bool)
        return np.array([is_copy(path) for path in self.paths], bool)

    def take(self, rows: np.ndarray) -> Any:
        """Return rows of X in the form of X.

        Parameters
        ----------
        rows : ndarray of shape (m,) of int
            Row numbers.

        Returns
        -------
        array-like of m rows
        """
        taken = _safe_indexing(self.X, rows)
        return taken.reset_index(drop=True) if hasattr(taken, "iloc") else taken

    def append(self, new: np.ndarray, rows: np.ndarray | None = None) -> Any:
        """Append images to X, and return the result in the form of X.

        Parameters
        ----------
        new : ndarray of shape (m,) of object, or of shape (m, ...)
            Paths, or pixels with the type and shape of `values`.
        rows : ndarray of shape (m,) of int, default=None
            Rows of X that supply the other columns of a data frame. By default the
            other columns of the new rows have missing values.

        Returns
        -------
        array-like of n + m rows
            X and the new rows. Arrays of paths have the type object.
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
        """Open the images for access by row.

        Files are decoded, unless they are stored already. Pixels are not changed.

        Parameters
        ----------
        image_size : (int, int)
            Height and width of decoded files, in pixels.
        keep_aspect_ratio : bool, default=False
            Whether files are padded to `image_size` instead of being stretched.
        cache_dir : path-like, default=None
            Folder of decoded files. By default decoded files are deleted when the
            process ends.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        Images
            The n images in the order of X.

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them.
        """
        pixels = self.pixels
        if pixels is not None:
            return ArrayImages(pixels)
        store = DecodeStore(
            image_size,
            keep_aspect_ratio=keep_aspect_ratio,
            bits_stored=self.bits_stored,
            cache_dir=cache_dir,
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
        """Decode files in parts, one part ahead of the caller.

        Parameters
        ----------
        image_size, keep_aspect_ratio, cache_dir
            As in :meth:`open`.
        n_rows : int
            Number of files per part. The first parts are smaller, so that the caller
            starts earlier. The last part has up to twice as many files, instead of a
            few files in a part of their own. Pixels in memory are one part.

        Yields
        ------
        rows : slice
            Rows of X in the part.
        images : Images
            Images of the part.

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them. For missing files
            the error is raised before the first part.
        """
        if self.paths is None:
            yield slice(0, len(self)), self.open(image_size)
            return
        paths = self.paths
        store = DecodeStore(
            image_size,
            keep_aspect_ratio=keep_aspect_ratio,
            bits_stored=self.bits_stored,
            cache_dir=cache_dir,
        )
        if not all(map(os.path.exists, paths)):
            store.fetch(paths, n_jobs=-1)  # raises an error that names all failures
        failures: dict[str, str] = {}

        def fetch(rows):
            try:
                return rows, store.fetch(paths[rows], n_jobs=-1)
            except ImageReadError as error:
                failures.update(error.failures)
                return None

        parts = grow_parts(len(self), n_rows)
        with ThreadPoolExecutor(1) as executor:
            for part in map_ahead(executor, fetch, parts):
                # After a failure decode the other parts to find all failures.
                if not failures:
                    yield part
        if failures:
            raise ImageReadError(failures)

    def warn_of_range(self, dark: float = DARK) -> None:
        """Warn about pixels in memory that do not use the range of their type.

        Parameters
        ----------
        dark : float, default=1/4
            Largest part of the range that the pixels of a dark 16-bit image use.

        Warns
        -----
        PixelRangeWarning
            If floats lie outside [0, 1], or integers use only a few bits of their type.
        """
        pixels = self.pixels
        if pixels is not None and pixels.shape[1:3] != (1, 1):
            warn_of_range(pixels, dark)

    def warn_of_flat_rows(self) -> None:
        """Warn if X has flat rows that may be images, without `image_shape`."""
        if (
            self.values is not None
            and self.values.ndim == 2
            and self.image_shape is None
        ):
            warn_of_flat_rows(self.values.shape[1])

    def warn_of_opacity(self) -> None:
        """Warn if the last channel of X is probably the opacity."""
        if self.pixels is not None and self.pixels.ndim == 4:
            warn_of_opacity(self.pixels)

    def warn_of_color(self) -> None:
        """Warn about color images for an estimator that was fitted on gray images."""
        if self.pixels is not None:
            warn_of_color(self.pixels)


def _describe_accepted(
    X: Any, values: np.ndarray, flat_rows: bool, estimator: Any
) -> str:
    """Return the message for an X of the wrong number of dimensions."""
    name = "X" if estimator is None else f"X of {type(estimator).__name__}"
    if values.ndim == 0:
        got = f"an object of type {type(X).__name__}"
    elif not values.size:
        got = "no image: X is empty"
    else:
        got = (
            f"an array of shape {values.shape}. Reshape your data; a single image is "
            "image[None]"
        )
    rows = ", or flat rows of shape (n, F)" if flat_rows else ""
    return (
        f"{name} must hold {_FILES}; or images as an (n, H, W) or (n, H, W, C) array"
        f"{rows}. Got {got}."
    )


def _check_single_tensor(X: Any, values: np.ndarray) -> None:
    """Check that a tensor is no single image of torch, with its 3 channels first."""
    if hasattr(X, "detach") and values.ndim == 3 and len(values) == 3:
        raise ValueError(
            f"X is a tensor of shape {values.shape}: one color image with the channels "
            "first, or three gray images. Pass X.permute(1, 2, 0)[None] for the former "
            "and X.detach().cpu().numpy() for the latter."
        )


def _check_image_shape(
    values: np.ndarray, image_shape: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """Check `image_shape` against the shape of the values, and return it."""
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
