"""Test of the difference of two accuracies."""

from typing import Any

import numpy as np
from scipy.stats import chi2

from cxrclf._utils.groups import index_patients
from cxrclf._utils.labels import as_labels
from cxrclf.metrics._comparison import Comparison
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval
from cxrclf.metrics._shrunk_correlation import correlate, shrunk_correlation

_MOST_EXACT = 2000  # number of patients up to which the p-value is exact


def mcnemar_test(
    y_true: Any,
    y_pred_a: Any,
    y_pred_b: Any,
    *,
    groups: Any = None,
    confidence_level: float = 0.95,
) -> Comparison:
    """Compare the accuracies of two classifiers on the same images.

    Pass only the images of one class to compare sensitivities or specificities.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred_a : array-like of shape (n,)
        Labels that the first classifier predicts.
    y_pred_b : array-like of shape (n,)
        Labels that the second classifier predicts.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval of the difference, in (0, 1).

    Returns
    -------
    Comparison
        Difference of the accuracies, statistic and p-value. All are nan if there are no
        images.

    Raises
    ------
    ValueError
        If lengths differ, if labels are missing, or if a parameter is invalid.

    See Also
    --------
    delong_test : Compare the areas under the ROC curve.
    proportion_interval : Interval of one accuracy.

    Notes
    -----
    The difference d of a patient is the number of images that only the first classifier
    predicts correctly, minus the number that only the second predicts correctly. The
    statistic is ``sum(d)**2 / sum(d**2)``, which is the statistic of McNemar [1]_ for
    one image per patient, and of Obuchowski [2]_ and Yang et al. [3]_ for several,
    without their factors of the number of patients.

    The p-value is exact: if the classifiers are equally good, d has either sign with
    the same probability. For one image per patient this is the exact binomial test.
    With more than 2,000 patients that have a difference, the p-value comes from the
    chi-squared distribution.

    The interval combines the intervals of both accuracies and the correlation of their
    errors, as Newcombe [4]_ does in his method 8. With `groups`, it combines the
    intervals of :func:`proportion_interval` and the correlation of the errors over
    patients. If this is higher than the correlation over images, it is moved toward it
    by 2 / m of the distance, for m patients: a high correlation makes the interval
    narrow, and few patients can have it by chance. Interval and p-value are separate
    methods and may disagree at the border.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated
       proportions or percentages", Psychometrika 12, 1947.
    .. [2] N. A. Obuchowski, "On the comparison of correlated proportions for clustered
       data", Statistics in Medicine 17, 1998.
    .. [3] Z. Yang, X. Sun and J. W. Hardin, "A note on the tests for clustered
       matched-pair binary data", Biometrical Journal 52, 2010.
    .. [4] R. G. Newcombe, "Improved confidence intervals for the difference between
       binomial proportions based on paired data", Statistics in Medicine 17, 1998.

    Examples
    --------
    >>> from cxrclf.metrics import mcnemar_test
    >>> y_true = [1] * 20
    >>> y_pred_a = [1] * 18 + [0] * 2
    >>> y_pred_b = [1] * 10 + [0] * 10
    >>> comparison = mcnemar_test(y_true, y_pred_a, y_pred_b)
    >>> comparison.difference.value, comparison.p_value
    (0.4, 0.0078125)
    """
    truth = as_labels(y_true, "y_true")
    predicted = as_labels(y_pred_a, "y_pred_a"), as_labels(y_pred_b, "y_pred_b")
    n = len(truth)
    for name, labels in zip(("y_pred_a", "y_pred_b"), predicted, strict=True):
        _check_labels(name, labels, truth)
    correct = [labels == truth for labels in predicted]
    patients = index_patients(groups, n)
    intervals = [
        proportion_interval(
            right,
            groups=None if groups is None else patients,
            confidence_level=confidence_level,
        )
        for right in correct
    ]
    if n == 0:
        return Comparison(Estimate(np.nan, np.nan, np.nan), np.nan, np.nan)
    a, b = (np.bincount(patients, right).astype(int) for right in correct)
    differences = a - b
    squares = int(differences @ differences)
    statistic = int(differences.sum()) ** 2 / squares if squares else 0.0
    if np.count_nonzero(differences) > _MOST_EXACT:
        p_value = float(chi2.sf(statistic, 1))
    else:
        p_value = _exact_p_value(differences)
    sizes = np.bincount(patients)
    shares = np.array([right.mean() for right in correct])[:, None]
    correlation = shrunk_correlation(
        correlate(np.array([a, b]) - shares * sizes)[0, 1],
        correlate(np.array(correct) - shares)[0, 1],
        len(sizes),
        min,
    )
    difference = _combine(intervals[0], intervals[1], float(correlation))
    return Comparison(difference, float(statistic), p_value)


def _check_labels(name: str, labels: np.ndarray, truth: np.ndarray) -> None:
    """Raise an error unless predicted labels fit the true labels."""
    if len(labels) != len(truth):
        raise ValueError(
            f"{name} has {len(labels)} labels, but y_true has {len(truth)}. Pass one "
            "label per image."
        )
    is_text = [isinstance(y.tolist()[0], str) for y in (labels, truth) if len(y)]
    if len(set(is_text)) > 1:
        raise ValueError(
            f"y_true and {name} must be all str or all numbers. Convert the numbers to "
            "labels: classes[numbers]."
        )


def _exact_p_value(differences: np.ndarray) -> float:
    """Return the probability of a sum as far from 0 if all signs are random."""
    sizes = np.abs(differences[differences != 0])
    # Probabilities of the sum of the sizes with positive sign, from 0 to the total.
    probabilities = np.ones(1)
    for size in sizes:
        longer = np.zeros(len(probabilities) + size)
        longer[: len(probabilities)] += probabilities / 2
        longer[size:] += probabilities / 2
        probabilities = longer
    sums = 2 * np.arange(len(probabilities)) - sizes.sum()
    as_far = np.abs(sums) >= abs(int(differences.sum()))
    return min(1.0, float(probabilities[as_far].sum()))


def _combine(a: Estimate, b: Estimate, correlation: float) -> Estimate:
    """Return the difference of two correlated proportions and its interval."""

    def half(one: float, other: float) -> float:
        return np.sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))

    value = a.value - b.value
    low = value - half(a.value - a.low, b.high - b.value)
    high = value + half(a.high - a.value, b.value - b.low)
    return Estimate(value, float(max(-1.0, low)), float(min(1.0, high)))
