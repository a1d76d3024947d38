"""Interpret y of a segmenter as mask files or arrays of masks."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from cxrclf.images import (
    ArrayImages,
    DecodeStore,
    find_paths,
    refuse_objects,
    to_array,
)
from cxrclf.masks._mask_codes import check_mask_labels, mask_codes
from cxrclf.masks._masks import Masks
from cxrclf.masks._read_mask import read_mask
from cxrclf.masks._resize_masks import fit_mask

_FORMAT = 1  # increase it when read_mask returns different numbers
_FEWER = "If an image has fewer masks than others, repeat one of them."


@dataclass(frozen=True, eq=False)
class MaskInput:
    """Masks in any form that a segmenter accepts.

    Create an object with :meth:`from_y`, which is the only function that interprets y
    of a segmenter. Only :meth:`open` reads files.

    Parameters
    ----------
    columns : list of ndarray of shape (n,) of object, or None
        Paths of mask files, or None if y holds pixels. The mask of an image is the
        union of the files in its row.
    values : ndarray of shape (n, H, W), or None
        Pixels of masks before their conversion to class numbers, or None if y holds
        files.
    labels : ndarray of shape (n_classes,), default=None
        Pixel value of each class, with the background first.
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
            Mask files as an (n,), (n, 1) or (n, k) array, a list, or a data frame; or
            masks as an array of shape (n, H, W). A data frame has the files in its
            column `path`, or else in all columns. An array holds bool, `labels`, or 0
            and one other value.
        labels : sequence of int, default=None
            Pixel value of each class, with the background first. By default there are
            two classes.

        Returns
        -------
        MaskInput

        Raises
        ------
        ValueError
            If y holds neither files nor an array of this shape, or the labels are
            invalid.
        """
        values = None if labels is None else check_mask_labels(labels, in_files=True)
        refuse_objects(y, "y")
        columns = _find_columns(y)
        if columns is None:
            return cls(None, _check_pixels(y), values)
        if len(columns) > 1 and values is not None and len(values) > 2:
            raise ValueError(
                f"The mask of a row of {len(columns)} files is their union, which is "
                f"not defined for {len(values)} classes. Pass one file per row, or no "
                "labels."
            )
        return cls(columns, None, values)

    def __len__(self) -> int:
        values = self.columns[0] if self.columns else self.values
        return len(values)  # type: ignore[arg-type]  # one of the two is set

    def name(self, row: int) -> str:
        """Return the name of a mask for messages: its files, or its row number."""
        if self.columns is None:
            return str(row)
        return " + ".join(str(column[row]) for column in self.columns)

    def open(
        self,
        image_size: tuple[int, int] | None = None,
        *,
        keep_aspect_ratio: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> Masks:
        """Read masks at one size, as the class number of each pixel.

        Parameters
        ----------
        image_size : (int, int), default=None
            Height and width in pixels. By default arrays are not resized. Files need
            this parameter. Masks are resized by nearest neighbor.
        keep_aspect_ratio : bool, default=False
            Whether masks are padded with background instead of being stretched.
        cache_dir : path-like, default=None
            Folder of decoded files. By default decoded files are deleted when the
            process ends.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        Masks

        Raises
        ------
        ImageReadError
            If files cannot be read or are not masks. The message names all of them.
        ValueError
            If an array has values that are not among the labels, or `image_size` is
            missing for files.
        """
        if self.columns is None:
            codes = mask_codes(self.values, self.labels)  # type: ignore[arg-type]
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
        # Fetch all columns at once, so that one error names all unreadable files.
        stored = store.fetch(np.concatenate(self.columns), n_jobs=-1, verbose=verbose)
        rows = np.arange(len(stored)).reshape(len(self.columns), -1)
        return Masks([_StoredRows(stored, part) for part in rows])


def _find_columns(y: Any) -> list[np.ndarray] | None:
    """Return the columns of mask paths, or None if y holds pixels."""
    values = _convert_rows(y) if _is_nested(y) else y
    if "path" not in getattr(y, "columns", ["path"]):
        values = np.asarray(y)  # a data frame with files in all columns
    if not hasattr(values, "columns") and getattr(values, "ndim", 1) == 2:
        try:
            columns = [find_paths(np.asarray(column), "y") for column in values.T]
        except ValueError as error:  # a missing path
            raise ValueError(f"{error} {_FEWER}") from error
        found = [column for column in columns if column is not None]
        if 0 < len(found) < len(columns):
            cure = "Pass y[[...]] with the columns of files."
            if not hasattr(y, "columns"):
                cure = _FEWER
            raise ValueError(f"Every column of mask files must hold paths. {cure}")
        if found:
            return found
    paths = find_paths(values, "y")
    return None if paths is None else [paths]


def _is_nested(y: Any) -> bool:
    """Return whether y is a list of rows of paths."""
    return (
        isinstance(y, (list, tuple))
        and len(y) > 0
        and isinstance(y[0], (list, tuple))
        and len(y[0]) > 0
        and isinstance(y[0][0], (str, os.PathLike))
    )


def _convert_rows(y: Sequence[Sequence[Any]]) -> np.ndarray:
    if len({len(row) for row in y}) > 1:
        raise ValueError(f"All rows of mask files must be of one length. {_FEWER}")
    return np.asarray(y, dtype=object)


def _check_pixels(y: Any) -> np.ndarray:
    """Check an array of masks, and return it in the shape (n, H, W)."""
    values = to_array(y, "y")
    if values.shape[3:] in ((), (1,)) and values.ndim > 2 and values.size:
        if values.dtype.kind not in "biuf":
            raise ValueError(
                "An array of masks must hold bool or whole numbers; got one of "
                f"{values.dtype}."
            )
        return values.reshape(values.shape[:3])
    got = f"an array of {values.shape}" if values.ndim else f"a {type(y).__name__}"
    if values.ndim == 4 and values.shape[3] in (3, 4):
        got += ". If the channels are equal, pass y[..., 0]"
    elif values.ndim == 4 and values.shape[1] == 1:
        got += ". Pass y[:, 0]"
    elif values.ndim == 4:
        got += ". If each class has a channel, pass its number: y.argmax(axis=-1)"
    raise ValueError(
        "Masks must be files, or pixels as an array of shape (n, H, W), one mask per "
        f"image; got {got}."
    )


class _MaskStore(DecodeStore):
    """Decode store of class numbers."""

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
    """Selected rows of stored masks."""

    def __init__(self, stored, rows):
        self._stored, self._rows = stored, rows
        self.shape = len(rows), *stored.shape[1:]
        self.keys = stored.keys[rows]

    def __len__(self):
        return len(self._rows)

    def gather(self, rows: ArrayLike) -> np.ndarray:
        return self._stored.gather(self._rows[np.asarray(rows)])
