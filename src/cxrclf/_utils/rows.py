"""Row numbers."""

import numpy as np
from numpy.typing import ArrayLike


def row_numbers(rows: ArrayLike, n_rows: int) -> np.ndarray:
    """Return the numbers of rows that are chosen in any way that NumPy knows.

    Parameters
    ----------
    rows : array-like of shape (b,), int, or of shape (n_rows,), bool
        Row numbers, of which negative ones count from the end; or a mask.
    n_rows : int
        Number of rows there are.

    Returns
    -------
    ndarray of shape (b,), int
        In [0, `n_rows`).

    Raises
    ------
    IndexError
        If there is no such row, or `rows` is not of one dimension.
    """
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise IndexError(
            "Rows must be an array of one dimension, of row numbers or of bool; got "
            f"one of shape {rows.shape}."
        )
    if rows.size == 0 and rows.dtype != bool:
        rows = rows.astype(int)  # NumPy takes an empty list for one of floats
    return np.arange(n_rows)[rows]
