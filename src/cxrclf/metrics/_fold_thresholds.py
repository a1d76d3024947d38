"""Thresholds that are chosen on some folds and measured on the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.labels import as_labels
from cxrclf.metrics._checks import check_binary, check_scores, float_type
from cxrclf.metrics._choose_threshold import check_one_goal, choose_threshold
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval


@dataclass(frozen=True, eq=False)  # arrays have no one truth value
class FoldThresholds:
    """Thresholds of all folds, and what they reach on images of other folds.

    :func:`fold_thresholds` makes this object.

    Parameters
    ----------
    thresholds : dict of fold to float
        Threshold that was applied to each fold. It was chosen on the other folds.
    y_pred : ndarray of shape (n,) of bool
        Whether each image is predicted as positive.
    sensitivity : Estimate
        Sensitivity of the predictions, and its interval.
    specificity : Estimate
        Specificity of the predictions, and its interval.
    """

    thresholds: dict[Any, float]
    y_pred: np.ndarray
    sensitivity: Estimate
    specificity: Estimate

    def __str__(self) -> str:
        values = list(self.thresholds.values())
        return (
            f"{len(values)} thresholds from {min(values):.3g} to {max(values):.3g}: "
            f"sensitivity {self.sensitivity:.3f}, specificity {self.specificity:.3f}"
        )


def fold_thresholds(
    y_true: Any,
    y_score: Any,
    fold: Any,
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
    groups: Any = None,
    confidence_level: float = 0.95,
) -> FoldThresholds:
    """Choose thresholds, and measure what they reach on images of other folds.

    The threshold of a fold is chosen on the out-of-fold predictions of all other folds,
    and applied to this fold. No image takes part in the choice of its own threshold.

    Parameters
    ----------
    y_true : array-like of shape (n,) of bool or 0 and 1
        Whether an image belongs to the positive class.
    y_score : array-like of shape (n,)
        Out-of-fold scores that increase with the confidence in the positive class, such
        as a column of ``cross_val_predictions(...).y_score``.
    fold : array-like of shape (n,)
        Fold that predicted each image.
    sensitivity : float, default=None
        Required sensitivity, in [0, 1].
    specificity : float, default=None
        Required specificity, in [0, 1]. Pass either `sensitivity` or `specificity`.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    FoldThresholds
        Thresholds, predictions, and the sensitivity and specificity that they reach.

    Raises
    ------
    ValueError
        If there are fewer than 2 folds, if a patient is in several folds, if the images
        of all other folds lack a class, if lengths differ, or if a parameter is
        invalid.

    See Also
    --------
    choose_threshold : Choose one threshold.
    proportion_interval : The intervals of sensitivity and specificity.

    Notes
    -----
    The classifiers of the folds differ, and so do their scores. A threshold for new
    patients belongs to one classifier: choose it with :func:`choose_threshold` on
    images that this classifier was not trained on. This function estimates what such a
    threshold reaches.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import fold_thresholds
    >>> rng = np.random.default_rng(0)
    >>> y_true = rng.random(300) < 0.4
    >>> y_score = 2 * y_true + rng.normal(size=300)
    >>> fold = np.arange(300) % 5
    >>> found = fold_thresholds(y_true, y_score, fold, sensitivity=0.95)
    >>> print(f"{found.sensitivity:.2f}, {found.specificity:.2f}")
    0.93 [0.87, 0.97], 0.65 [0.58, 0.71]
    """
    check_level(confidence_level)
    check_one_goal(sensitivity, specificity)
    y_true = check_binary(y_true)
    n = len(y_true)
    scores = check_scores(y_score, n)
    folds = as_labels(fold, "fold")
    if len(folds) != n:
        raise ValueError(f"fold has {len(folds)} values, but y_true has {n}.")
    names = np.unique(folds)
    if len(names) < 2:
        raise ValueError(
            f"fold must have 2 folds or more, got {names.tolist()}. Pass the fold of "
            "each image."
        )
    patients = index_patients(groups, n)
    pairs = np.unique([patients, np.searchsorted(names, folds)], axis=1)
    several = np.count_nonzero(np.bincount(pairs[0]) > 1)
    if several:
        raise ValueError(
            f"{several} patients have images in several folds, so the threshold of a "
            "fold is chosen on its own patients. Split by patients, for example with "
            "StratifiedGroupKFold, and pass one repetition of repeated splits."
        )
    precise = scores.astype(float_type(y_score))
    thresholds = {}
    predicted = np.empty(n, bool)
    for name in names.tolist():
        inside = folds == name
        thresholds[name] = choose_threshold(
            y_true[~inside],
            precise[~inside],
            sensitivity=sensitivity,
            specificity=specificity,
        )
        predicted[inside] = scores[inside] >= thresholds[name]

    def estimate(rows: np.ndarray) -> Estimate:
        return proportion_interval(
            predicted[rows] == y_true[rows],
            groups=None if groups is None else patients[rows],
            confidence_level=confidence_level,
        )

    return FoldThresholds(thresholds, predicted, estimate(y_true), estimate(~y_true))
