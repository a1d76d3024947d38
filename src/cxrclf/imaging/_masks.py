"""Masks, from files and arrays, as the numbers of the classes of their pixels."""

import os
from collections.abc import Sequence
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageOps

from cxrclf._utils._paths import check_image_size, path_values
from cxrclf.exceptions import ImageReadError
from cxrclf.imaging._content import content_key
from cxrclf.imaging._dicom import is_dicom
from cxrclf.imaging._pillow import _check_single
from cxrclf.imaging._read import quiet_decoders, read_image, why_unreadable
from cxrclf.imaging._resize import content_size, pad
from cxrclf.imaging._store import DecodeStore

_FORMAT = 1  # raised when read_mask gives other numbers
# A mask of two classes is bright or dark. Its edges may be grey, where a JPEG or an
# antialiased resize has blurred them, but a photograph is grey all over.
_MOST_GREY = 0.1
_LEAST_WHITE = 16  # what is darker than this at its brightest holds numbers, not greys
_FEWER = "Where an image has fewer masks than others, repeat one of them."


class _Source(Protocol):
    shape: tuple[int, int, int]

    @property
    def keys(self) -> np.ndarray: ...

    def gather(self, rows: ArrayLike) -> np.ndarray: ...


def read_mask(
    path: str | os.PathLike[str],
    image_size: int | tuple[int, int] | None = None,
    *,
    labels: Sequence[int] | None = None,
    keep_aspect_ratio: bool = False,
) -> np.ndarray:
    """Read a mask file as the class numbers of its pixels.

    Parameters
    ----------
    path : path-like
        The file, of any kind that :func:`read_image` reads.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. None keeps the file's size.
        Pixels are taken by nearest neighbour and never blended.
    labels : sequence of int, optional
        The value in the file of each class, the background first. A file with
        another value is refused. None stands for two classes: a pixel belongs to the
        object where it is brighter than half of the brightest one, so that masks of
        0 and 1, of 0 and 255, of one colour on black, and with grey edges after a
        JPEG compression are all read right.
    keep_aspect_ratio : bool, default=False
        Whether to fit the mask into `image_size` and to centre it on background.

    Returns
    -------
    ndarray of shape (H, W), uint8
        Numbers of the classes: 0 and 1, or positions in `labels`.

    Raises
    ------
    ImageReadError
        If the file cannot be read, has values that are not in `labels`, or, without
        them, is grey all over as a radiograph is, or holds numbers as 0, 1 and 2.
    ValueError
        If `image_size` or `labels` are invalid.

    See Also
    --------
    open_masks : Many masks, from files or arrays.

    Notes
    -----
    With `labels`, the values of an image with a palette are its indices, and of a
    colour image its channels must be equal. DICOM masks are of two classes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cxrclf.imaging import read_mask
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mask.png"
    ...     mask = np.array([[0, 255, 255], [0, 3, 255]], dtype=np.uint8)
    ...     Image.fromarray(mask).save(path)
    ...     read_mask(path)
    array([[0, 1, 1],
           [0, 0, 1]], dtype=uint8)
    """
    path = os.fspath(path)
    size = None if image_size is None else check_image_size(image_size)
    values = None if labels is None else check_mask_labels(labels)
    if values is None:
        codes = _bright(read_image(path), path)
    else:
        codes = _numbered(path, values)
    return codes if size is None else _resized(codes, size, keep_aspect_ratio)


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
        rows : array-like of shape (b,), int
            Which masks, in any order, with repeats.

        Returns
        -------
        ndarray of shape (b, H, W), uint8
            Numbers of the classes, 0 for the background.
        """
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
    >>> from cxrclf.imaging import open_masks
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
                [_resized(mask, size, keep_aspect_ratio) for mask in codes]
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


def check_mask_labels(labels: Sequence[int]) -> np.ndarray:
    """Return the values that pixels of the classes have in a mask.

    Parameters
    ----------
    labels : sequence of int
        2 to 256 different whole numbers from 0 to 65535, the background first.

    Returns
    -------
    ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If they are anything else.
    """
    values = np.asarray(labels)
    if (
        values.ndim != 1
        or not 2 <= len(values) <= 256
        or values.dtype.kind not in "iub"
        or len(np.unique(values)) < len(values)
        or values.min() < 0
        or values.max() > 65535
    ):
        raise ValueError(
            "labels must be 2 to 256 different whole numbers from 0 to 65535, the "
            f"values that pixels of a mask have, the background first; got {labels!r}."
        )
    return values


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


def _bright(pixels: np.ndarray, path: str) -> np.ndarray:
    """Return which pixels are brighter than half of the brightest one."""
    top = int(pixels.max())
    quarters = 4 * pixels.astype(np.int32)
    if top < _LEAST_WHITE and ((pixels > 0) & (pixels < top)).any():
        raise ImageReadError(
            {
                path: f"has the values {_some(pixels)}, more than two; give the labels "
                "of its classes, the background first"
            }
        )
    between = (quarters > top) & (quarters < 3 * top)
    if between.mean() > _MOST_GREY:
        raise ImageReadError(
            {
                path: f"is no mask: {between.mean():.0%} of its pixels are neither "
                "dark nor bright; give the mask and not the image, or the labels of "
                "its classes"
            }
        )
    return (quarters > 2 * top).view(np.uint8)


def _numbered(path: str, labels: np.ndarray) -> np.ndarray:
    try:
        with quiet_decoders(), open(path, "rb") as file:
            values = _stored_values(file, path)
    except MemoryError:
        raise
    except Exception as error:
        raise ImageReadError({path: why_unreadable(path, error)}) from error
    if values.ndim == 3:
        colours = values[..., : 1 if values.shape[2] == 2 else 3]
        if (colours != colours[..., :1]).any():
            raise ImageReadError(
                {path: "is a mask in colours; save the numbers of its classes in grey"}
            )
        values = colours[..., 0]
    try:
        return _codes(values, labels)
    except ValueError as error:
        raise ImageReadError({path: str(error)}) from error


def _stored_values(file: IO[bytes], path: str) -> np.ndarray:
    """Return the upright pixels as the file has them, without conversion."""
    head = file.read(132)
    if not head:
        raise ValueError("is empty (0 bytes)")
    if is_dicom(head, path):
        raise ValueError("is DICOM, in which labels are not read; save it as PNG")
    file.seek(0)
    with Image.open(file) as image:
        _check_single(image)
        return np.asarray(ImageOps.exif_transpose(image))


def _codes(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the positions of values in labels."""
    order = np.argsort(labels)
    places = np.searchsorted(labels[order], values).clip(max=len(labels) - 1)
    codes = order[places]
    other = labels[codes] != values
    if other.any():
        raise ValueError(
            f"has the values {_some(values[other])}, which are not among the labels "
            f"{labels.tolist()}"
        )
    return codes.astype(np.uint8)


def _array_codes(array: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    array = array.reshape(array.shape[:3])
    if array.dtype.kind not in "biuf":
        raise ValueError(
            "An array of masks must be of bool or of whole numbers; got one of "
            f"{array.dtype}."
        )
    if labels is not None:
        try:
            return _codes(array, labels)
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
            f"{_some(array)}. Declare the value of each class with labels=(...), the "
            "background first; or compare with a threshold, as in masks > 127."
        )
    return codes.view(np.uint8)


def _some(values: np.ndarray) -> str:
    distinct = np.unique(values).tolist()
    return f"{distinct[:5]}" + (f" and {len(distinct) - 5} more" * (len(distinct) > 5))


def _resized(
    codes: np.ndarray, image_size: tuple[int, int], keep_aspect_ratio: bool
) -> np.ndarray:
    """Take the pixel under the centre of each new one."""
    height, width = codes.shape
    target = content_size((height, width), image_size, keep_aspect_ratio)
    rows = (2 * np.arange(target[0]) + 1) * height // (2 * target[0])
    columns = (2 * np.arange(target[1]) + 1) * width // (2 * target[1])
    return pad(np.ascontiguousarray(codes[rows[:, None], columns]), image_size)
