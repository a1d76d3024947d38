"""Adjust the p-values of several tests."""

from typing import Any

import numpy as np
from sklearn.utils import check_array


def holm(p_values: Any) -> np.ndarray:
    """Adjust p-values for the number of tests.

    Among many comparisons, some have small p-values by chance. If no difference is
    real, the smallest adjusted p-value is below 0.05 with a probability of at most 5 %.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        p-values in [0, 1]. Those of undefined tests are nan, which do not count.

    Returns
    -------
    ndarray of shape (n,)
        Adjusted p-values in the same order: the smallest p-value times n, the next
        times n - 1 and so on, each at least as large as the one before it and at most
        1. They are nan where `p_values` is nan.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1].

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> from cxrclf.metrics import holm
    >>> holm([0.04, 0.01, 0.5]).round(2).tolist()
    [0.08, 0.03, 0.5]
    """
    values = check_array(
        p_values,
        dtype=float,
        ensure_2d=False,
        ensure_all_finite="allow-nan",
        ensure_min_samples=0,
        input_name="p_values",
    ).ravel()
    outside = values[(values < 0) | (values > 1)]
    if len(outside):
        raise ValueError(f"p_values must lie in [0, 1], got {float(outside[0])}.")
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # nan are last
    adjusted = np.full(len(values), np.nan)
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors))
    return adjusted
