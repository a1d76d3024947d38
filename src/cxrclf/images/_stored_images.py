"""Decoded images on disk, read by row number."""

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
from cxrclf.images._store_index import (
    DEPTHS,
    Places,
    damage_error,
    pixel_file,
    store_error,
)

_OPENED = ("_files", "_verified")  # attributes that each process creates for itself


class StoredImages:
    """Decoded images of one size, in a decode store.

    `DecodeStore.fetch` returns this object. The pixels stay on disk; the operating
    system caches them in memory for all processes. A pickle has 17 bytes per image. The
    pixels of an image are compared with its content key when they are read for the
    first time.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the store.
    image_size : (int, int)
        Height and width of the images in pixels.
    places : Places
        Places of the images in the store.

    Attributes
    ----------
    shape : (int, int, int)
        Number of images, height and width in pixels.
    keys : ndarray of shape (n,), uint64
        Content key of each decoded image. Read-only.

    Raises
    ------
    RuntimeError
        If the pixels in the store are missing or cut short. Unpickling raises the same
        error.
    OSError
        If the store cannot be read.

    See Also
    --------
    DecodeStore : Store that creates this object from files.
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
                    raise damage_error(self._folder, f"{path.name} is cut short")

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
        """Number of images, height and width."""
        return len(self), *self._image_size

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Copy images into memory.

        Parameters
        ----------
        rows : array-like of shape (b,), int, or of shape (n,), bool
            Row numbers in any order, with repeats, or a mask. Negative numbers count
            from the end.

        Returns
        -------
        ndarray of shape (b, H, W)
            Pixels of uint8, or of uint16 if any of these images has 16 bits. Images
            with 8 bits are then multiplied by 257, so that a pixel divided by the
            maximum of its type has the same value as before.

        Raises
        ------
        IndexError
            If a row does not exist, or `rows` does not have one dimension.
        RuntimeError
            If the store is damaged. The message names the folder to delete.
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
        """Compare pixels with their content keys, for rows not verified yet."""
        new = np.flatnonzero(~self._verified[rows])
        keys = self.keys[rows[new]].tolist()
        for i, key in zip(new.tolist(), keys, strict=True):
            if content_key(images[i]) != key:
                raise damage_error(self._folder, "stored pixels have changed")
        self._verified[rows] = True
