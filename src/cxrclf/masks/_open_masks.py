"""Masks, from files and arrays, at one size."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.paths import path_values
from cxrclf._utils.rows import row_numbers
from cxrclf.images._content_key import content_key
from cxrclf.images._decode_store import DecodeStore
from cxrclf.masks._read_mask import (
    check_mask_labels,
    codes_of,
    read_mask,
    resized_mask,
    some_of,
)

_FORMAT = 1  # raised when read_mask gives other numbers
_FEWER = "Where an image has fewer masks than others, repeat one of them."


class _Source(Protocol):
    shape: tuple[int, int, int]

    @property
    def keys(self) -> np.ndarray: ...

    def gather(self, rows: ArrayLike) -> np.ndarray: ...


class Masks:
    """Masks of one size, gathered by row. Made by :func:`open_masks`.

    Parameters
    ----------
    sources : sequence
        What the masks are the union of, each with ``shape``, ``keys`` and
        ``gather(rows)``.

    Attributes
    ----------
    shape : (int, int, int)
        The number of masks, and their height and width in pixels.
    keys : ndarray of shape (n,), uint64
        One for each content.

    See Also
    --------
    open_masks : Makes them.
    """

    def __init__(self, sources: Sequence[_Source]):
        self._sources = sources
        self.shape = sources[0].shape

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def keys(self) -> np.ndarray:
        """A key of each mask's content, (n,) of uint64."""
        keys = np.zeros(len(self), dtype=np.uint64)
        for source in self._sources:
            # Each part counts, whatever the others are.
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + source.keys
        return keys

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Copy masks into memory.

        Parameters
        ----------
        rows : array-like of shape (b,), int, or of shape (n,), bool
            Which masks, in any order, with repeats. Negative ones count from the
            end. Or whether to copy each mask.

        Returns
        -------
        ndarray of shape (b, H, W), uint8
            Numbers of the classes, 0 for the background.
        """
        rows = row_numbers(rows, len(self))
        codes = self._sources[0].gather(rows)
        for source in self._sources[1:]:
            codes = np.maximum(codes, source.gather(rows))
        return codes


def open_masks(
    masks: Any,
    image_size: int | tuple[int, int] | None = None,
    *,
    labels: Sequence[int] | None = None,
    keep_aspect_ratio: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> Masks:
    """Open masks, in any form that a segmenter takes, at one size.

    Parameters
    ----------
    masks : array-like
        Mask files as an (n,), (n, 1) or (n, k) array, a list, or a data frame: of
        its column ``path``, or where it has none, of all its columns. The k files of a
        row are one mask, the union of them. Or an array of (n, H, W): of bool, of
        `labels`, or of 0 and one other value.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. None keeps the size of an
        array; files need it. Pixels are taken by nearest neighbour.
    labels : sequence of int, optional
        The value of each class, the background first. None stands for two classes,
        see :func:`read_mask`.
    keep_aspect_ratio : bool, default=False
        Whether to fit masks into `image_size` and to centre them on background.
    cache_dir : path-like, optional
        Where decoded files are kept for later runs; by default until the process
        ends.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    Masks

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read or are no masks.
    ValueError
        If an array has another shape or values that are not among the labels, or a
        parameter is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.masks import open_masks
    >>> masks = np.array([[[0, 255], [255, 255]]], dtype=np.uint8)
    >>> open_masks(masks, 4).gather([0])[0]
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [1, 1, 1, 1],
           [1, 1, 1, 1]], dtype=uint8)
    """
    values = None if labels is None else check_mask_labels(labels)
    size = None if image_size is None else check_image_size(image_size)
    columns = mask_paths(masks)
    if columns is None:
        codes = _array_codes(np.asarray(masks), values)
        if size is not None and codes.shape[1:] != size:
            codes = np.stack(
                [resized_mask(mask, size, keep_aspect_ratio) for mask in codes]
            )
        return Masks([_MaskArray(codes)])
    if size is None:
        raise ValueError("Mask files need image_size, the size at which to read them.")
    if len(columns) > 1 and values is not None and len(values) > 2:
        raise ValueError(
            f"A row of {len(columns)} mask files is the union of them, which is not "
            f"defined for {len(values)} classes. Give one file a row, or no labels."
        )
    store = _MaskStore(
        size, labels=values, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
    )
    # All at once, so that what is wrong with any of them is said at once.
    stored = store.fetch(np.concatenate(columns), n_jobs=-1, verbose=verbose)
    rows = np.arange(len(stored)).reshape(len(columns), -1)
    return Masks([_Part(stored, part) for part in rows])


def mask_paths(masks: Any) -> list[np.ndarray] | None:
    """Return the columns of mask paths, or None if masks are an array of pixels.

    Returns
    -------
    list of ndarray of shape (n,) of object, or None
        As many as there are files in a row.

    Raises
    ------
    ValueError
        If masks are neither files nor an array of (n, H, W) or (n, H, W, 1).
    """
    values = _as_rows(masks) if _nested(masks) else masks
    if "path" not in getattr(masks, "columns", ["path"]):
        values = np.asarray(masks)  # a frame whose columns are all files
    if not hasattr(values, "columns") and getattr(values, "ndim", 1) == 2:
        columns = [path_values(np.asarray(column)) for column in values.T]
        found = [column for column in columns if column is not None]
        if 0 < len(found) < len(columns):
            raise ValueError(f"Every column of mask files must hold paths. {_FEWER}")
        if found:
            return found
    paths = path_values(values)
    if paths is not None:
        return [paths]
    _check_stack(masks)
    return None


def _nested(masks: Any) -> bool:
    """Whether this is a list of rows of paths."""
    return (
        isinstance(masks, (list, tuple))
        and len(masks) > 0
        and isinstance(masks[0], (list, tuple))
        and len(masks[0]) > 0
        and isinstance(masks[0][0], (str, os.PathLike))
    )


def _as_rows(masks: Sequence[Sequence[Any]]) -> np.ndarray:
    if len({len(row) for row in masks}) > 1:
        raise ValueError(f"All rows of mask files must be of one length. {_FEWER}")
    return np.asarray(masks, dtype=object)


def _check_stack(masks: Any) -> None:
    try:
        shape = np.shape(masks)
    except ValueError:
        shape = None  # of several sizes
    if shape is None or shape[3:] not in ((), (1,)) or len(shape) < 3 or 0 in shape:
        got = "arrays of several sizes" if shape is None else f"an array of {shape}"
        raise ValueError(
            "Masks must be files, or pixels as an array of shape (n, H, W), a mask for "
            f"each image; got {got}."
        )


class _MaskStore(DecodeStore):
    """A decode store of class numbers."""

    def __init__(self, image_size, *, labels, keep_aspect_ratio, cache_dir):
        super().__init__(
            image_size, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
        )
        self.labels = labels

    def _read(self, path: str) -> np.ndarray:
        return read_mask(
            path,
            self.image_size,
            labels=self.labels,
            keep_aspect_ratio=self.keep_aspect_ratio,
        )

    def _settings(self) -> tuple:
        labels = None if self.labels is None else self.labels.tolist()
        return (*super()._settings(), "masks", _FORMAT, labels)


class _Part:
    """Some rows of stored masks, as masks of their own."""

    def __init__(self, stored, rows):
        self._stored, self._rows = stored, rows
        self.shape = len(rows), *stored.shape[1:]
        self.keys = stored.keys[rows]

    def gather(self, rows: ArrayLike) -> np.ndarray:
        return self._stored.gather(self._rows[np.asarray(rows)])


class _MaskArray:
    """Masks in memory."""

    def __init__(self, codes):
        self._codes = codes
        self.shape = codes.shape

    @property
    def keys(self) -> np.ndarray:
        return np.array([content_key(mask) for mask in self._codes], dtype=np.uint64)

    def gather(self, rows: ArrayLike) -> np.ndarray:
        return self._codes[np.asarray(rows)]


def _array_codes(array: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    array = array.reshape(array.shape[:3])
    if array.dtype.kind not in "biuf":
        raise ValueError(
            "An array of masks must be of bool or of whole numbers; got one of "
            f"{array.dtype}."
        )
    if labels is not None:
        try:
            return codes_of(array, labels)
        except ValueError as error:
            raise ValueError(f"The array of masks {error}.") from None
    if array.dtype == bool:
        return array.view(np.uint8)
    top = array.max()
    codes = array == top if top > 0 else np.zeros(array.shape, dtype=bool)
    other = ~codes & (array != 0)
    if other.any():
        raise ValueError(
            "Masks of two classes must hold 0 and one other value, and these hold "
            f"{some_of(array)}. Declare the value of each class with labels=(...), the "
            "background first; or compare with a threshold, as in masks > 127."
        )
    return codes.view(np.uint8)
