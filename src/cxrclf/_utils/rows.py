"""Row numbers from an index of rows."""

import numpy as np
from numpy.typing import ArrayLike


def row_numbers(rows: ArrayLike, n_rows: int) -> np.ndarray:
    """Convert an index of rows to row numbers.

    Parameters
    ----------
    rows : array-like of shape (b,), int, or of shape (n_rows,), bool
        Row numbers or a mask. Negative numbers count from the end.
    n_rows : int
        Total number of rows.

    Returns
    -------
    ndarray of shape (b,), int
        Row numbers in [0, `n_rows`).

    Raises
    ------
    IndexError
        If a row does not exist, or `rows` does not have one dimension.
    """
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise IndexError(
            "Rows must be an array of one dimension, with row numbers or a mask of "
            f"bool; got one of shape {rows.shape}."
        )
    if rows.size == 0 and rows.dtype != bool:
        rows = rows.astype(int)  # NumPy converts an empty list to floats
    return np.arange(n_rows)[rows]
