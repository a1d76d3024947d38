"""Images of one size, read by row number."""

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
        Content key of each image.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def keys(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Return the pixels of the given rows, in the given order."""
        ...


class ArrayImages:
    """Images in memory.

    Parameters
    ----------
    array : ndarray of shape (n, H, W) or (n, H, W, C)
        Integer or float pixels. The array is not copied.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array.
    """

    def __init__(self, array: np.ndarray):
        self.array = array
        self.shape = array.shape
        self._keys: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.array)

    @property
    def keys(self) -> np.ndarray:
        """Content key of each image, (n,) of uint64."""
        # No cached_property: before Python 3.12 all objects share its lock. Threads
        # would wait for each other, and a forked process could wait forever.
        if self._keys is None:
            self._keys = np.array([content_key(i) for i in self.array], dtype=np.uint64)
        return self._keys

    def gather(self, rows: ArrayLike) -> np.ndarray:
        """Return the pixels of the given rows, in the given order.

        Parameters
        ----------
        rows : array-like of shape (b,) of int
            Row numbers.

        Returns
        -------
        ndarray of shape (b, H, W) or (b, H, W, C)
        """
        return self.array[np.asarray(rows)]
