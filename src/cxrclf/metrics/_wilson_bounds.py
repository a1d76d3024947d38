"""Bounds of a proportion of independent images."""

import numpy as np


def wilson_bounds(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return the bounds of the interval of Wilson.

    Parameters
    ----------
    share : float
        Proportion, in [0, 1].
    n : float
        Number of independent images. It does not have to be an integer.
    quantile : float
        Quantile of the normal distribution, for example 1.96.

    Returns
    -------
    float, float
        Lower and upper bound, in [0, 1].

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22, 1927.
    """
    extra = quantile**2 / n
    middle = (share + extra / 2) / (1 + extra)
    half = np.sqrt(extra * (share * (1 - share) + extra / 4)) / (1 + extra)
    low, high = float(middle - half), float(middle + half)
    return 0.0 if share == 0 else max(0.0, low), 1.0 if share == 1 else min(1.0, high)
