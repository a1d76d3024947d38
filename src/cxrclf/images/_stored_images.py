"""Decoded images on disk, gathered by row."""

import math
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cxrclf._utils.disk import read_rows
from cxrclf._utils.files import open_regular
from cxrclf._utils.rows import row_numbers
from cxrclf.images._content_key import content_key
from cxrclf.images._store_index import DEPTHS, Places, damaged, pixel_file, store_error

_OPENED = ("_files", "_verified")  # by each process for itself


class StoredImages:
    """Decoded images of one size, in a decode store.

    Made by `DecodeStore.fetch`. The pixels stay on disk, where the operating system
    keeps what is read often in memory for all processes, and a pickle holds 17 bytes
    per image. When the pixels of an image are first read, they are compared with its
    content key.

    Attributes
    ----------
    shape : (int, int, int)
        The number of images, and their height and width in pixels.
    keys : ndarray of shape (n,), uint64
        What `content_key` returns for each image as decoded. Read-only.

    Raises
    ------
    RuntimeError
        If the store's pixels are gone or cut short, also when unpickled.
    OSError
        If the store cannot be read.

    See Also
    --------
    DecodeStore : Makes them from files.
    """

    def __init__(self, folder: Path, image_size: tuple[int, int], places: Places):
        self._folder = folder
        self._image_size = image_size
        self._depths, self._slots, self.keys = places
        self._open()

    def _open(self) -> None:
        self.keys.flags.writeable = False
        self._verified = np.zeros(len(self), dtype=bool)
        self._files = {}
        for depth, dtype in DEPTHS.items():
            slots = self._slots[self._depths == depth]
            if slots.size:
                path = pixel_file(self._folder, depth)
                try:
                    file = open_regular(path, follow_links=False)
                except OSError as error:
                    raise store_error(self._folder, error) from error
                weakref.finalize(self, file.close)
                self._files[depth] = file
                image_bytes = math.prod(self._image_size) * dtype.itemsize
                needed = (int(slots.max()) + 1) * image_bytes
                if os.fstat(file.fileno()).st_size < needed:
                    raise damaged(self._folder, f"{path.name} is cut short")

    def __getstate__(self) -> dict[str, Any]:
        return {name: v for name, v in vars(self).items() if name not in _OPENED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._slots)

    def __repr__(self) -> str:
        n, height, width = self.shape
        return f"<StoredImages: {n} of {height} x {width} pixels>"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, height, width."""
        return len(self), *self._image_size

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Copy images into memory.

        Parameters
        ----------
        rows : array-like of shape (b,), int, or of shape (n,), bool
            Which images, in any order, with repeats. Negative ones count from the
            end. Or whether to copy each image.

        Returns
        -------
        ndarray of shape (b, H, W)
            uint8; uint16 if any of these images has 16 bits, and those of 8 bits
            are then multiplied by 257, so that pixels divided by their type's
            maximum keep their value.

        Raises
        ------
        IndexError
            If a row is not one of the images, or `rows` is not of one dimension.
        RuntimeError
            If the store is damaged; the message names the folder to delete.
        OSError
            If the store cannot be read.
        """
        rows = row_numbers(rows, len(self))
        if rows.size == 0:
            return np.empty((0, *self._image_size), dtype=np.uint8)
        deep = self._depths[rows] == 16
        if not deep.any():
            return self._read(8, rows)
        images = np.empty((len(rows), *self._image_size), dtype=np.uint16)
        images[deep] = self._read(16, rows[deep])
        if not deep.all():
            images[~deep] = self._read(8, rows[~deep]) * np.uint16(257)
        return images

    def _read(self, depth: int, rows: np.ndarray) -> np.ndarray:
        images = np.empty((len(rows), *self._image_size), dtype=DEPTHS[depth])
        try:
            read_rows(self._files[depth], self._slots[rows], images)
        except (EOFError, OSError) as error:
            raise store_error(self._folder, error) from error
        self._verify(rows, images)
        return images

    def _verify(self, rows: np.ndarray, images: np.ndarray) -> None:
        """Compare pixels with their keys, those of each row for the first time only."""
        new = np.flatnonzero(~self._verified[rows])
        keys = self.keys[rows[new]].tolist()
        for i, key in zip(new.tolist(), keys, strict=True):
            if content_key(images[i]) != key:
                raise damaged(self._folder, "pixels are not those that were stored")
        self._verified[rows] = True
