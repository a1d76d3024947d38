"""Masks of one size, read by row number."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cxrclf._utils.rows import row_numbers
from cxrclf.images import Images


class Masks:
    """Masks of one size, read by row number.

    :func:`open_masks` returns this object.

    Parameters
    ----------
    sources : sequence of Images
        Class numbers, one source per mask file of a row. The mask of a row is the union
        of all sources.

    Attributes
    ----------
    shape : (int, int, int)
        Number of masks, height and width in pixels.
    keys : ndarray of shape (n,), uint64
        Content key of each mask.

    See Also
    --------
    open_masks : Function that creates this object.
    """

    def __init__(self, sources: Sequence[Images]):
        self._sources = sources
        self.shape = sources[0].shape

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def keys(self) -> np.ndarray:
        """Content key of each mask, (n,) of uint64."""
        keys = np.zeros(len(self), dtype=np.uint64)
        for source in self._sources:
            # A polynomial hash: it depends on each source and on their order. Products
            # of uint64 wrap around at 2**64, as intended.
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + source.keys
        return keys

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Copy masks into memory.

        Parameters
        ----------
        rows : array-like of shape (b,), int, or of shape (n,), bool
            Row numbers in any order, with repeats, or a mask. Negative numbers count
            from the end.

        Returns
        -------
        ndarray of shape (b, H, W), uint8
            Class number of each pixel, with 0 for the background.
        """
        rows = row_numbers(rows, len(self))
        # Several sources have two classes, so the maximum is the union.
        codes = self._sources[0].gather(rows)
        for source in self._sources[1:]:
            codes = np.maximum(codes, source.gather(rows))
        return codes
