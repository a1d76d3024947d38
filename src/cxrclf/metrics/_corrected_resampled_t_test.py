"""Test of the difference of two scores over folds."""

from typing import Any

import numpy as np
from scipy.stats import t

from cxrclf._utils.checks import check_int, check_level
from cxrclf.metrics._checks import check_scores
from cxrclf.metrics._comparison import Comparison
from cxrclf.metrics._estimate import Estimate


def corrected_resampled_t_test(
    scores_a: Any,
    scores_b: Any,
    *,
    n_train: int,
    n_test: int,
    confidence_level: float = 0.95,
) -> Comparison:
    """Compare the scores of two classifiers over the same folds.

    The training sets of folds overlap, so the scores of folds are not independent. The
    usual t-test then finds differences that are not there. This test increases the
    variance for it [1]_.

    Parameters
    ----------
    scores_a : array-like of shape (n_folds,)
        Scores of the first classifier, one per fold.
    scores_b : array-like of shape (n_folds,)
        Scores of the second classifier in the same folds.
    n_train : int
        Number of patients, or of images of different patients, in a training set.
    n_test : int
        Number of patients, or of images of different patients, in a test set.
    confidence_level : float, default=0.95
        Confidence level of the interval of the difference, in (0, 1).

    Returns
    -------
    Comparison
        Mean difference of the scores, statistic t and p-value, with ``n_folds - 1``
        degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than 2 folds, if scores are missing or lengths differ, or if
        a parameter is invalid.

    See Also
    --------
    delong_test : Compare the out-of-fold scores of all images. It is more powerful.
    mcnemar_test : Compare the out-of-fold predictions of all images.

    Notes
    -----
    The variance of the mean difference is ``(1 / k + n_test / n_train) * s**2``, where
    k is the number of folds and s the standard deviation of the differences. For five
    folds it is 2.25 times the variance of the usual t-test.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52, 2003.

    Examples
    --------
    >>> from cxrclf.metrics import corrected_resampled_t_test
    >>> auc_a = [0.91, 0.94, 0.90, 0.95, 0.93]
    >>> auc_b = [0.88, 0.92, 0.89, 0.90, 0.92]
    >>> print(corrected_resampled_t_test(auc_a, auc_b, n_train=80, n_test=20))
    difference 0.024 [-0.007, 0.055], p = 0.099
    """
    check_level(confidence_level)
    check_int(n_train, "n_train", 1)
    check_int(n_test, "n_test", 1)
    a = check_scores(scores_a, len(np.atleast_1d(scores_a)), "scores_a")
    b = check_scores(scores_b, len(np.atleast_1d(scores_b)), "scores_b")
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(
            "scores_a and scores_b must have one score per fold, and 2 folds or more; "
            f"they have {len(a)} and {len(b)} scores."
        )
    differences = a - b
    k = len(differences)
    mean = float(differences.mean())
    spread = float(differences.std(ddof=1))
    # Equal differences leave a rest of rounding errors.
    spread = 0.0 if np.ptp(differences) < 1e-15 else spread
    error = np.sqrt(1 / k + n_test / n_train) * spread
    if error == 0:
        statistic = float(np.sign(mean)) * np.inf if mean else 0.0
    else:
        statistic = mean / error
    half = float(t.isf((1 - confidence_level) / 2, k - 1)) * error
    return Comparison(
        Estimate(mean, float(mean - half), float(mean + half)),
        float(statistic),
        float(2 * t.sf(abs(statistic), k - 1)),
    )
