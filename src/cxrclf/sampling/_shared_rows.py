"""Convert shared rows to a mask."""

import numpy as np
from sklearn.utils import column_or_1d


def as_mask(shared_rows, n):
    """Convert shared rows to a mask.

    Parameters
    ----------
    shared_rows : array-like of shape (n,) of bool, or of int, or None
        Rows that are in every phase, as a mask or as row numbers. None means no rows.
    n : int
        Number of rows of y.

    Returns
    -------
    ndarray of shape (n,) of bool
        Mask of the shared rows.

    Raises
    ------
    ValueError
        If `shared_rows` is neither a mask nor row numbers, or does not fit y.
    """
    mask = np.zeros(n, dtype=bool)
    if shared_rows is None:
        return mask
    marked = column_or_1d(shared_rows)
    if marked.dtype.kind == "b":
        if len(marked) != n:
            raise ValueError(
                f"shared_rows is a mask of {len(marked)} rows, and y has {n}. If a "
                "sampler has changed the rows, use the parameter shared of the split "
                "instead, which is a number of rows."
            )
        return marked
    if marked.dtype.kind not in "iu" and len(marked):
        raise ValueError(
            "shared_rows must be a mask of bool or row numbers of int, got values of "
            f"type {marked.dtype}."
        )
    if len(np.unique(marked)) < len(marked):
        raise ValueError(
            "shared_rows has row numbers that occur twice. If it is a mask of 0 and 1, "
            "make it one of bool."
        )
    outside = marked[(marked < 0) | (marked >= n)]
    if len(outside):
        raise ValueError(
            f"shared_rows has row numbers outside [0, {n}): {outside[:10].tolist()}."
        )
    mask[marked.astype(np.intp)] = True
    return mask
