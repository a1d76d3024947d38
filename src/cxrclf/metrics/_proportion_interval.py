"""Interval of a proportion."""

from typing import Any

import numpy as np
from scipy.stats import norm, t

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf.metrics._checks import check_binary
from cxrclf.metrics._estimate import Estimate


def proportion_interval(
    correct: Any, *, groups: Any = None, confidence_level: float = 0.95
) -> Estimate:
    """Compute a proportion and its confidence interval.

    Sensitivity, specificity and accuracy are proportions of images: the share of the
    positive images that are predicted as positive, for example.

    Parameters
    ----------
    correct : array-like of shape (n,) of bool or 0 and 1
        Whether an image counts. For a sensitivity, ``y_pred[y_true]``.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    Estimate
        The proportion and its bounds. All are nan if there are no images.

    Raises
    ------
    ValueError
        If lengths differ, or if a parameter is invalid.

    See Also
    --------
    mcnemar_test : Compare two classifiers on the same images.

    Examples
    --------
    >>> from cxrclf.metrics import proportion_interval
    >>> correct = [True] * 18 + [False] * 2
    >>> print(f"{proportion_interval(correct):.2f}")
    0.90 (0.70–0.97)
    """
    check_level(confidence_level)
    correct = check_binary(correct, "correct")
    n = len(correct)
    patients = index_patients(groups, n)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan)
    share = float(correct.mean())
    tail = (1 - confidence_level) / 2
    sizes = np.bincount(patients)
    m = len(sizes)
    z = norm.isf(tail)
    if m == n:
        effective = float(n)
    elif share in (0, 1) or m == 1:
        effective = n**2 / float((sizes**2).sum())
    else:
        residuals = np.bincount(patients, correct - share)
        variance = m / (m - 1) * float((residuals**2).sum()) / n**2
        independent = share * (1 - share) / (n - 1)
        effective = n / max(1.0, variance / independent)
        z *= t.isf(tail, m - 1) / t.isf(tail, n - 1)
    low, high = _wilson(share, effective, float(z))
    return Estimate(share, low, high)


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """Return the bounds of the interval of Wilson for n independent images."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
