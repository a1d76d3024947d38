"""Test of the difference of two areas under the ROC curve."""

from typing import Any

import numpy as np
from scipy.stats import rankdata, t

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf.metrics._auc_variance import AucVariance, auc_variance
from cxrclf.metrics._checks import check_binary, check_scores
from cxrclf.metrics._comparison import Comparison
from cxrclf.metrics._estimate import Estimate

_NO_ERROR = 1e-12  # rounding errors leave less


def delong_test(
    y_true: Any,
    score_a: Any,
    score_b: Any,
    *,
    groups: Any = None,
    confidence_level: float = 0.95,
) -> Comparison:
    """Compare the areas under the ROC curve (AUC) of two scores of the same images.

    Parameters
    ----------
    y_true : array-like of shape (n,) of bool or 0 and 1
        Whether an image belongs to the positive class.
    score_a : array-like of shape (n,)
        Scores of the first classifier, which increase with the confidence in the
        positive class.
    score_b : array-like of shape (n,)
        Scores of the second classifier.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval of the difference, in (0, 1).

    Returns
    -------
    Comparison
        Difference of the AUCs, difference divided by its standard error, and p-value.
        The statistic, the p-value and the bounds are nan if a class has images of fewer
        than 2 patients. The difference is nan as well if a class has no images.

    Raises
    ------
    ValueError
        If lengths differ, or if a parameter is invalid.

    See Also
    --------
    roc_auc_interval : Interval of one AUC.
    mcnemar_test : Compare the predicted classes.

    Notes
    -----
    The variance of the difference is computed as DeLong et al. [1]_ do, and with
    `groups` as Obuchowski [2]_ does. The p-value and the interval come from Student's
    t distribution with the degrees of freedom of Welch and Satterthwaite. The degrees
    of freedom are fewer where few patients have nearly all errors.

    The difference is 0, and its interval has width 0, if both scores order each image
    equally among the images of the other class. The variance is also 0 if both scores
    separate the classes completely, or if one of them does and the other is constant.
    The interval then is as wide as that of :func:`roc_auc_interval` for such scores,
    and the p-value is 0.05 where the interval of 95 % begins at 0.

    If the differences cancel out within each patient, the variance over images is used,
    with as many degrees of freedom as patients of the smaller class, less 1.

    :ref:`intervals` has the measured rate of false alarms.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas
       under two or more correlated receiver operating characteristic curves: a
       nonparametric approach", Biometrics 44, 1988.
    .. [2] N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data",
       Biometrics 53, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import delong_test
    >>> rng = np.random.default_rng(0)
    >>> y_true = np.arange(200) < 100
    >>> score_a = 2 * y_true + rng.normal(size=200)
    >>> score_b = score_a + 2 * rng.normal(size=200)
    >>> comparison = delong_test(y_true, score_a, score_b)
    >>> print(f"{comparison.difference:.2f}")
    0.21 [0.15, 0.28]
    >>> comparison.p_value < 0.001
    True
    """
    check_level(confidence_level)
    y_true = check_binary(y_true)
    names = ("score_a", score_a), ("score_b", score_b)
    scores = np.array([check_scores(s, len(y_true), name) for name, s in names])
    patients = index_patients(groups, len(y_true))
    smaller = min(len(np.unique(patients[y_true == value])) for value in (True, False))
    if smaller == 0:
        return Comparison(Estimate(np.nan, np.nan, np.nan), np.nan, np.nan)
    parts = auc_variance(y_true, scores, patients)
    difference = float(parts.auc[0] - parts.auc[1])
    if smaller == 1:
        return Comparison(Estimate(difference, np.nan, np.nan), np.nan, np.nan)
    tail = (1 - confidence_level) / 2
    error, freedom = _error(parts)
    if error < _NO_ERROR:
        # The differences of a patient may cancel out.
        images = auc_variance(y_true, scores, np.arange(len(y_true)))
        error, freedom = _error(images)[0], smaller - 1
    if error >= _NO_ERROR:
        statistic = difference / error
        p_value = 2 * t.sf(abs(statistic), freedom)
        half = t.isf(tail, freedom) * error
    elif _equal(parts.auc, scores):
        return Comparison(Estimate(0.0, 0.0, 0.0), 0.0, 1.0)
    else:
        p_value = min(1.0, 2 * (1 - abs(difference)) ** smaller)
        half = 1 - tail ** (1 / smaller)
        statistic = float(np.sign(difference)) * np.inf if abs(difference) > 0 else 0.0
    bounds = np.clip([difference - half, difference + half], -1, 1)
    return Comparison(
        Estimate(difference, *bounds.tolist()), float(statistic), float(p_value)
    )


def _error(parts: AucVariance) -> tuple[float, float]:
    """Return the standard error of a difference, and its degrees of freedom."""
    weights = np.array([1.0, -1.0])
    return float(np.sqrt(parts.variance(weights))), parts.freedom(weights)


def _equal(auc: np.ndarray, scores: np.ndarray) -> bool:
    """Return whether scores are equal whose difference has no variance.

    Equal AUCs then mean that each image has the same rank among the images of the other
    class. This is no information if both scores separate the classes.
    """
    same_order = np.array_equal(*rankdata(scores, axis=1))
    return same_order or (abs(auc[0] - auc[1]) < _NO_ERROR and 0 < auc[0] < 1)
