"""Masks in any form, understood once: mask files or arrays."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from cxrclf.images import ArrayImages, DecodeStore, find_paths, read_image_sizes
from cxrclf.masks._mask_codes import check_mask_labels, mask_codes
from cxrclf.masks._masks import Masks
from cxrclf.masks._read_mask import read_mask
from cxrclf.masks._resize_masks import fit_mask

_FORMAT = 1  # raised when read_mask returns other numbers
_FEWER = "Where an image has fewer masks than others, repeat one of them."


@dataclass(frozen=True, eq=False)
class MaskInput:
    """Masks in any form that a segmenter accepts.

    Made by :meth:`from_y`, which is the only place where y of a segmenter is
    interpreted. No file is read before :meth:`open` or :meth:`sizes`.

    Parameters
    ----------
    columns : list of ndarray of shape (n,) of object, or None
        Paths of mask files. The mask of an image is the union of the files of its
        row. None where y holds pixels.
    values : ndarray of shape (n, H, W), or None
        The pixels of masks, not interpreted yet, or None where y holds files.
    labels : ndarray of shape (n_classes,), default=None
        The value of each class, the background first.
    """

    columns: list[np.ndarray] | None
    values: np.ndarray | None
    labels: np.ndarray | None = None

    @classmethod
    def from_y(cls, y: Any, *, labels: Sequence[int] | None = None) -> Self:
        """Interpret and check masks.

        Parameters
        ----------
        y : array-like
            Mask files as an (n,), (n, 1) or (n, k) array, a list, or a data frame: of
            its column `path`, or where it has none, of all its columns. Or an array
            of shape (n, H, W): of bool, of `labels`, or of 0 and one other value.
        labels : sequence of int, default=None
            The value of each class, the background first. By default there are two
            classes.

        Returns
        -------
        MaskInput

        Raises
        ------
        ValueError
            If y is neither files nor an array of this shape, or the labels are
            invalid.
        """
        values = None if labels is None else check_mask_labels(labels, in_files=True)
        columns = _find_columns(y)
        if columns is None:
            return cls(None, _check_stack(y), values)
        if len(columns) > 1 and values is not None and len(values) > 2:
            raise ValueError(
                f"A row of {len(columns)} mask files is the union of them, which is "
                f"not defined for {len(values)} classes. Give one file per row, or no "
                "labels."
            )
        return cls(columns, None, values)

    def __len__(self) -> int:
        return len(self.columns[0] if self.values is None else self.values)

    def name(self, row: int) -> str:
        """Return the files of a mask as text, or the number of its row."""
        if self.columns is None:
            return str(row)
        return " + ".join(str(column[row]) for column in self.columns)

    def sizes(self) -> np.ndarray:
        """Return the height and width of each mask, (k, n, 2) of int.

        Raises
        ------
        ImageReadError
            Naming all files that cannot be read.
        """
        if self.columns is None:
            return np.tile(self.values.shape[1:], (1, len(self), 1))
        sizes = read_image_sizes(np.concatenate(self.columns))
        return sizes.reshape(len(self.columns), len(self), 2)

    def open(
        self,
        image_size: tuple[int, int] | None = None,
        *,
        keep_aspect_ratio: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> Masks:
        """Read masks at one size, as the class numbers of their pixels.

        Parameters
        ----------
        image_size : (int, int), default=None
            Height and width in pixels. None keeps the size of an array; files need
            it. Pixels are resized by nearest neighbor.
        keep_aspect_ratio : bool, default=False
            Whether masks are padded with background instead of being stretched.
        cache_dir : path-like, default=None
            Folder of decoded files. By default they are kept until the process ends.
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
            If an array has values that are not among the labels, or `image_size` is
            missing for files.
        """
        if self.columns is None:
            codes = mask_codes(self.values, self.labels)
            if image_size is not None and codes.shape[1:] != image_size:
                codes = np.stack(
                    [fit_mask(mask, image_size, keep_aspect_ratio) for mask in codes]
                )
            return Masks([ArrayImages(codes)])
        if image_size is None:
            raise ValueError(
                "Mask files need image_size, the size at which they are read."
            )
        store = _MaskStore(
            image_size,
            labels=self.labels,
            keep_aspect_ratio=keep_aspect_ratio,
            cache_dir=cache_dir,
        )
        # All at once, so that one error names all files that cannot be read.
        stored = store.fetch(np.concatenate(self.columns), n_jobs=-1, verbose=verbose)
        rows = np.arange(len(stored)).reshape(len(self.columns), -1)
        return Masks([_StoredRows(stored, part) for part in rows])


def _find_columns(y: Any) -> list[np.ndarray] | None:
    """Return the columns of mask paths, or None where masks are pixels."""
    values = _as_rows(y) if _is_nested(y) else y
    if "path" not in getattr(y, "columns", ["path"]):
        values = np.asarray(y)  # a frame whose columns are all files
    if not hasattr(values, "columns") and getattr(values, "ndim", 1) == 2:
        columns = [find_paths(np.asarray(column)) for column in values.T]
        found = [column for column in columns if column is not None]
        if 0 < len(found) < len(columns):
            raise ValueError(f"Every column of mask files must hold paths. {_FEWER}")
        if found:
            return found
    paths = find_paths(values)
    return None if paths is None else [paths]


def _is_nested(y: Any) -> bool:
    """Return whether masks are a list of rows of paths."""
    return (
        isinstance(y, (list, tuple))
        and len(y) > 0
        and isinstance(y[0], (list, tuple))
        and len(y[0]) > 0
        and isinstance(y[0][0], (str, os.PathLike))
    )


def _as_rows(y: Sequence[Sequence[Any]]) -> np.ndarray:
    if len({len(row) for row in y}) > 1:
        raise ValueError(f"All rows of mask files must be of one length. {_FEWER}")
    return np.asarray(y, dtype=object)


def _check_stack(y: Any) -> np.ndarray:
    try:
        values = np.asarray(y)
    except ValueError:
        got = "arrays of several sizes"
    else:
        if values.shape[3:] in ((), (1,)) and values.ndim > 2 and values.size:
            if values.dtype.kind not in "biuf":
                raise ValueError(
                    "An array of masks must be of bool or of whole numbers; got one "
                    f"of {values.dtype}."
                )
            return values.reshape(values.shape[:3])
        got = f"an array of {values.shape}"
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


class _StoredRows:
    """Some rows of stored masks."""

    def __init__(self, stored, rows):
        self._stored, self._rows = stored, rows
        self.shape = len(rows), *stored.shape[1:]
        self.keys = stored.keys[rows]

    def __len__(self):
        return len(self._rows)

    def gather(self, rows: ArrayLike) -> np.ndarray:
        return self._stored.gather(self._rows[np.asarray(rows)])
