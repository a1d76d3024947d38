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
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import PixelRangeWarning
from cxrclf.images._check_pixels import DARK, EXAMINED, largest_of_dark
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
    bits_stored : int, optional
        Number of bits of 16-bit files with which the images were decoded.

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

    def __init__(
        self,
        folder: Path,
        image_size: tuple[int, int],
        places: Places,
        *,
        bits_stored: int | None = None,
    ):
        self._folder = folder
        self._image_size = image_size
        self._bits_stored = bits_stored
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

    def warn_of_range(self, dark: float = DARK) -> None:
        """Warn about 16-bit files that use only a few bits.

        Parameters
        ----------
        dark : float, default=1/4
            Largest part of the range that the pixels of a dark image use.

        Warns
        -----
        PixelRangeWarning
            If most of the 16-bit images are dark. At most 64 of them are examined.
        """
        deep = np.flatnonzero(self._depths == 16)
        if not deep.size:
            return
        step = math.ceil(deep.size / EXAMINED)
        highest = [
            int(self._read(16, deep[[i]]).max()) for i in range(0, deep.size, step)
        ]
        # An image is resized already, so that its number of bits is not known exactly.
        largest = int(largest_of_dark(highest, 65535 * dark))
        if largest:
            cure = "Stretch them with IntensityNormalizer, if they are DICOM files."
            if self._bits_stored is None:
                cure = (
                    "Set bits_stored to the number of bits of PNG and TIFF files, for "
                    "example bits_stored=12, here or in an ImageReader before a "
                    "transformer. Stretch DICOM files with IntensityNormalizer."
                )
            warn_user(
                f"Most 16-bit files in X have no pixel above {largest} of 65535: the "
                f"images will be almost black. {cure}",
                PixelRangeWarning,
            )

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
