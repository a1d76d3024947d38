"""Rows that are marked to be in every phase."""

import numpy as np
from sklearn.utils import column_or_1d


def as_mask(shared_rows, n):
    """Return the marked rows as a mask.

    Parameters
    ----------
    shared_rows : array-like of shape (n,) of bool, or of int, or None
        A mask, or the numbers of the rows.
    n : int
        Rows of y.

    Returns
    -------
    ndarray of shape (n,) of bool

    Raises
    ------
    ValueError
        If it is neither of the two, or does not fit y.
    """
    mask = np.zeros(n, dtype=bool)
    if shared_rows is None:
        return mask
    marked = column_or_1d(shared_rows)
    if marked.dtype.kind == "b":
        if len(marked) != n:
            raise ValueError(
                f"shared_rows is a mask of {len(marked)} rows, and y has {n}. Where a "
                "sampler has changed the rows before, use the parameter shared of the "
                "split instead, which takes a number of rows."
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
