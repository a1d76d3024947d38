"""Correlation of two scores, for intervals of their mean or difference."""

from collections.abc import Callable
from typing import Any

import numpy as np


def shrunk_correlation(
    over_patients: Any,
    over_images: Any,
    n_patients: int,
    choose: Callable[[Any, Any], Any],
) -> Any:
    """Return the correlation of scores, moved toward that of independent images.

    The correlation of few patients is not reliable: for two patients it is always 1 or
    -1. An interval of width 0 results if such a correlation cancels the errors of the
    scores. A correlation that makes an interval narrower is therefore replaced by
    ``r_images + (1 - 2 / n_patients) * (r_patients - r_images)``. For two patients or
    fewer, this is the correlation of images.

    Parameters
    ----------
    over_patients, over_images : float or ndarray
        Correlation of the errors over patients, and over images.
    n_patients : int
        Number of patients.
    choose : callable
        ``np.maximum`` for the interval of a mean, which a low correlation makes
        narrower. ``np.minimum`` for that of a difference.

    Returns
    -------
    float or ndarray
        Correlation.
    """
    trust = max(0.0, 1 - 2 / n_patients)
    return choose(over_patients, over_images + trust * (over_patients - over_images))


def correlate(errors: np.ndarray) -> np.ndarray:
    """Return the correlation of rows of mean 0, and 0 for a row without variance.

    Parameters
    ----------
    errors : ndarray of shape (k, n)
        Errors of k scores.

    Returns
    -------
    ndarray of shape (k, k)
        Correlation. The diagonal is 1.
    """
    covariance = errors @ errors.T
    deviation = np.sqrt(np.diag(covariance))
    scale = np.where(deviation > 0, deviation, np.inf)
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return correlation
