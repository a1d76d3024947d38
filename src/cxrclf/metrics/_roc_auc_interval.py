"""Interval of an area under the ROC curve."""

from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, t
from sklearn.metrics import roc_auc_score

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf.metrics._auc_variance import auc_variance
from cxrclf.metrics._checks import check_binary, check_scores
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._patient_number import patient_number
from cxrclf.metrics._wilson_bounds import wilson_bounds

_NO_VARIANCE = 1e-24  # rounding errors leave less


def roc_auc_interval(
    y_true: Any, y_score: Any, *, groups: Any = None, confidence_level: float = 0.95
) -> Estimate:
    """Compute an area under the ROC curve (AUC) and its confidence interval.

    Parameters
    ----------
    y_true : array-like of shape (n,) of bool or 0 and 1
        Whether an image belongs to the positive class.
    y_score : array-like of shape (n,)
        Scores that increase with the confidence in the positive class.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    Estimate
        The AUC and its bounds. All are nan if a class has no images. The bounds are nan
        if a class has images of one patient only.

    Raises
    ------
    ValueError
        If lengths differ, or if a parameter is invalid.

    See Also
    --------
    delong_test : Compare two AUCs on the same images.
    bootstrap_interval : Interval of any other score.

    Notes
    -----
    The variance of the AUC is computed as DeLong et al. [1]_ do, and with `groups` as
    Obuchowski [2]_ does: patients are independent, and images of one patient are not.
    A patient may have images of both classes. The interval is symmetric on the scale
    of logit(AUC), so it stays in [0, 1]. Its width comes from Student's t distribution
    with the degrees of freedom of Welch and Satterthwaite. If patients have several
    images, the degrees of freedom are fewer where few patients have nearly all errors.

    The variance of an AUC is at most AUC (1 - AUC) / m, where m is the number of
    patients of the smaller class [3]_. The interval is therefore never wider than the
    interval of Wilson of a proportion of m images. If patients have several images, m
    is ``n**2 / sum(n_i**2)`` in the class where this is smaller. n_i is the number of
    images of a patient. This equals the number of patients if all patients have equally
    many images.

    The variance is 0 if the scores separate the classes completely. The lower bound is
    then ``(alpha / 2) ** (1 / m)``, the exact bound of a proportion of m successes in m
    trials. The variance is also 0 if all scores are equal, or if all patients have the
    same scores. Both bounds then have this relative distance from 0 and from 1.

    :ref:`intervals` has the measured coverage of these intervals.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas
       under two or more correlated receiver operating characteristic curves: a
       nonparametric approach", Biometrics 44, 1988.
    .. [2] N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data",
       Biometrics 53, 1997.
    .. [3] Z. W. Birnbaum and O. M. Klose, "Bounds for the variance of the Mann-Whitney
       statistic", The Annals of Mathematical Statistics 28, 1957.

    Examples
    --------
    >>> from cxrclf.metrics import roc_auc_interval
    >>> y_true = [1, 1, 1, 1, 0, 0, 0, 0]
    >>> y_score = [0.9, 0.8, 0.7, 0.4, 0.5, 0.3, 0.2, 0.1]
    >>> print(f"{roc_auc_interval(y_true, y_score):.2f}")
    0.94 [0.45, 1.00]

    Images of one patient count less than images of several patients:

    >>> groups = [1, 1, 2, 2, 3, 3, 4, 4]
    >>> print(f"{roc_auc_interval(y_true, y_score, groups=groups):.2f}")
    0.94 [0.30, 1.00]
    """
    check_level(confidence_level)
    y_true = check_binary(y_true)
    scores = check_scores(y_score, len(y_true))
    patients = index_patients(groups, len(y_true))
    of_class = [patients[y_true], patients[~y_true]]
    n_patients = min(len(np.unique(found)) for found in of_class)
    if n_patients == 0:
        return Estimate(np.nan, np.nan, np.nan)
    if n_patients == 1:
        return Estimate(float(roc_auc_score(y_true, scores)), np.nan, np.nan)
    parts = auc_variance(y_true, scores[None], patients)
    auc, variance = float(parts.auc[0]), parts.variance(np.ones(1))
    tail = (1 - confidence_level) / 2
    smaller = min(map(patient_number, of_class))
    if variance < _NO_VARIANCE or auc in (0, 1):
        bound = tail ** (1 / smaller)
        return Estimate(auc, auc * bound, 1 - (1 - auc) * bound)
    quantile = t.isf(tail, parts.freedom(np.ones(1)))
    half = quantile * np.sqrt(variance) / (auc * (1 - auc))
    low, high = expit(logit(auc) + np.array([-half, half]))
    widest = wilson_bounds(auc, smaller, float(norm.isf(tail)))
    return Estimate(auc, max(float(low), widest[0]), min(float(high), widest[1]))
