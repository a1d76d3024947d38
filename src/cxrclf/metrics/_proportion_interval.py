"""Interval of a proportion."""

from typing import Any

import numpy as np
from scipy.stats import norm, t

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf.metrics._checks import check_binary
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._patient_freedom import patient_freedom
from cxrclf.metrics._patient_number import patient_number
from cxrclf.metrics._wilson_bounds import wilson_bounds


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

    Notes
    -----
    For one image per patient, this is the interval of Wilson [1]_. With `groups`, the
    number of images is divided by the design effect [2]_: the variance of the
    proportion over patients, divided by the variance of as many independent images, and
    at least 1. The design effect is not known exactly. For this reason, the number is
    also divided by the squared ratio of two quantiles of Student's t distribution [3]_.
    The degrees of freedom are at most the number of patients, less 1, and fewer where
    few patients have nearly all errors.

    The resulting number is never smaller than ``n**2 / sum(n_i**2)``, where n_i is the
    number of images of a patient. This number holds if all images of a patient are
    right or all are wrong [4]_. It equals the number of patients if all patients have
    equally many images. It is also the number if there is no variance: if all images
    are right or all are wrong, or if there is only one patient.

    :ref:`intervals` has the measured coverage of these intervals.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22, 1927.
    .. [2] J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered
       binary data", Biometrics 48, 1992.
    .. [3] E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with
       small expected number of positive counts estimated from survey data", Survey
       Methodology 24, 1998.
    .. [4] L. Kish, "Survey Sampling", Wiley, 1965.

    Examples
    --------
    >>> from cxrclf.metrics import proportion_interval
    >>> correct = [True] * 18 + [False] * 2
    >>> print(f"{proportion_interval(correct):.2f}")
    0.90 [0.70, 0.97]

    If the images belong to 5 patients, and both errors to one of them:

    >>> groups = [1, 2, 3, 4] * 4 + [5] * 4
    >>> print(f"{proportion_interval(correct, groups=groups):.2f}")
    0.90 [0.46, 0.99]
    """
    check_level(confidence_level)
    correct = check_binary(correct, "correct")
    n = len(correct)
    patients = index_patients(groups, n)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan)
    share = float(correct.mean())
    tail = (1 - confidence_level) / 2
    m = int(patients.max()) + 1
    effective = patient_number(patients)
    if 1 < m < n and 0 < share < 1:
        residuals = np.bincount(patients, correct - share)
        variance = m / (m - 1) * float(residuals @ residuals) / n**2
        design_effect = max(1.0, variance * (n - 1) / (share * (1 - share)))
        freedom = patient_freedom(residuals, m)
        ratio = float(t.isf(tail, freedom) / t.isf(tail, n - 1))
        effective = max(effective, n / design_effect / ratio**2)
    return Estimate(share, *wilson_bounds(share, effective, float(norm.isf(tail))))
