"""Images that are gathered by row, on disk or in memory."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from cxrclf.images._content_key import content_key


class Images(Protocol):
    """Images of one size, on disk or in memory.

    Attributes
    ----------
    shape : tuple of int
        (n, H, W) or (n, H, W, C).
    keys : ndarray of shape (n,) of uint64
        The content key of each image.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def keys(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Return the pixels of some rows, in their order."""
        ...


class ArrayImages:
    """Images in memory.

    Parameters
    ----------
    array : ndarray of shape (n, H, W) or (n, H, W, C)
        Integer or float pixels; not copied.

    Attributes
    ----------
    shape : tuple of int
        The shape of the array.
    """

    def __init__(self, array: np.ndarray):
        self.array = array
        self.shape = array.shape
        self._keys: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.array)

    @property
    def keys(self) -> np.ndarray:
        """The content key of each image, (n,) of uint64."""
        # Not a cached_property: before Python 3.12 all objects share its lock, which
        # makes threads wait, and a forked process for ever.
        if self._keys is None:
            self._keys = np.array([content_key(i) for i in self.array], dtype=np.uint64)
        return self._keys

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Return the pixels of some rows, in their order.

        Parameters
        ----------
        rows : array-like of shape (b,) of int

        Returns
        -------
        ndarray of shape (b, H, W) or (b, H, W, C)
        """
        return self.array[np.asarray(rows)]
