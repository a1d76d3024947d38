"""Interval of any score, from resampling patients."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf._utils.user_warnings import warn_user
from cxrclf.metrics._estimate import Estimate

_MANY_LEFT_OUT = 0.05


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: Any,
    groups: Any = None,
    confidence_level: float = 0.95,
    n_resamples: int = 2000,
    random_state: int = 0,
) -> Estimate:
    """Compute any score and its confidence interval from resampled patients.

    Patients are drawn with replacement, with all their images [1]_. The bounds are
    quantiles of the scores of the resamples.

    Parameters
    ----------
    statistic : callable
        Function ``statistic(*arrays)`` that returns a number, such as a score of
        scikit-learn.
    *arrays : array-like of shape (n, ...)
        Arguments of `statistic`, with one row per image.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples, 100 or more.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    Estimate
        The score and its bounds. The bounds are nan for fewer than 3 patients, and if
        the score is undefined in half of the resamples or more.

    Warns
    -----
    UserWarning
        If the score is undefined in more than 5 % of the resamples. The message
        contains their number.

    Raises
    ------
    ValueError
        If lengths differ, if there are no images, or if a parameter is invalid.

    See Also
    --------
    roc_auc_interval : Better interval of an area under the ROC curve.
    proportion_interval : Better interval of a sensitivity or an accuracy.

    Notes
    -----
    Percentile intervals of few patients are too narrow, so the quantiles are those of
    an expanded level [2]_. Resamples are left out where `statistic` returns nan or
    infinity, or raises a ValueError or a ZeroDivisionError: a rare class may be absent
    there. ``statistic=numpy.mean`` of one array is computed for all resamples at once
    and ignores nan.

    References
    ----------
    .. [1] C. A. Field and A. H. Welsh, "Bootstrapping clustered data", Journal of the
       Royal Statistical Society B 69, 2007.
    .. [2] T. C. Hesterberg, "What teachers should know about the bootstrap: resampling
       in the undergraduate statistics curriculum", The American Statistician 69, 2015.

    Examples
    --------
    >>> from sklearn.metrics import f1_score
    >>> from cxrclf.metrics import bootstrap_interval
    >>> y_true = [1] * 10 + [0] * 20
    >>> y_pred = [1] * 8 + [0] * 20 + [1] * 2
    >>> interval = bootstrap_interval(f1_score, y_true, y_pred, n_resamples=500)
    >>> interval.value
    0.8
    """
    if not callable(statistic):
        raise ValueError(f"statistic must be a function, got {statistic!r}.")
    if not arrays:
        raise ValueError("Pass the arguments of statistic after it, one or more.")
    columns = [np.asarray(array) for array in arrays]
    check_consistent_length(*columns)
    n = len(columns[0])
    if n == 0:
        raise ValueError("There are no images to resample: the arrays are empty.")
    resampling = PatientResampling(
        n, groups, confidence_level, n_resamples, random_state
    )
    if statistic is np.mean and len(columns) == 1 and columns[0].ndim == 1:
        return Estimate(*resampling.estimate(columns[0].astype(float)))
    value = statistic(*columns)
    if np.size(value) != 1:
        raise ValueError(f"statistic must return one number, got {value!r:.60}.")
    resampled = resampling.resample(lambda *sample: float(statistic(*sample)), columns)
    left_out = int((~np.isfinite(resampled)).sum())
    if left_out > _MANY_LEFT_OUT * n_resamples:
        warn_user(
            f"The score is undefined in {left_out} of {n_resamples} resamples, which "
            "are left out. The interval describes only the others. A class with few "
            "patients may be absent from a resample."
        )
    return Estimate(float(value), *resampling.interval(resampled))
