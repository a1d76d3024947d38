"""Masks of one size, gathered by row."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cxrclf._utils.rows import row_numbers
from cxrclf.images import Images


class Masks:
    """Masks of one size, gathered by row. Made by :func:`open_masks`.

    Parameters
    ----------
    sources : sequence
        Class numbers of which the masks are the union.

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

    def __init__(self, sources: Sequence[Images]):
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
