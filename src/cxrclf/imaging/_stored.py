"""Decoded images on disk, gathered by row."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cxrclf.imaging._index import DEPTHS, Places, damaged, pixel_file


class StoredImages:
    """Decoded images of one size, in a decode store.

    Made by `DecodeStore.fetch`. The pixels stay on disk and are mapped into
    memory, so that processes share them, and a pickle holds 17 bytes an image.

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

    See Also
    --------
    DecodeStore : Makes them from files.
    """

    def __init__(self, folder: Path, image_size: tuple[int, int], places: Places):
        self._folder = folder
        self._image_size = image_size
        self._depths, self._slots, self.keys = places
        self.keys.flags.writeable = False
        self._open()

    def _open(self) -> None:
        self._maps = {}
        for depth, dtype in DEPTHS.items():
            slots = self._slots[self._depths == depth]
            if slots.size:
                shape = int(slots.max()) + 1, *self._image_size
                try:
                    self._maps[depth] = np.memmap(
                        pixel_file(self._folder, depth), dtype, mode="r", shape=shape
                    )
                except (FileNotFoundError, ValueError) as error:
                    raise damaged(self._folder, error) from error

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_maps"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.keys.flags.writeable = False
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
        rows : array-like of shape (b,), int
            Which images, in any order, with repeats. Negative ones count from the
            end.

        Returns
        -------
        ndarray of shape (b, H, W)
            uint8; uint16 if any of these images has 16 bits, and those of 8 bits
            are then multiplied by 257, so that pixels divided by their type's
            maximum keep their value.

        Raises
        ------
        IndexError
            If a row is not one of the images.
        """
        rows = np.asarray(rows)
        if rows.size == 0:
            rows = rows.astype(np.intp)  # NumPy makes an empty list floats
        depths, slots = self._depths[rows], self._slots[rows]
        deep = depths == 16
        if not deep.any():
            if not slots.size:
                return np.empty((0, *self._image_size), dtype=np.uint8)
            return np.asarray(self._maps[8][slots])
        images = np.empty((len(slots), *self._image_size), dtype=np.uint16)
        images[deep] = self._maps[16][slots[deep]]
        if not deep.all():
            images[~deep] = self._maps[8][slots[~deep]] * np.uint16(257)
        return images
