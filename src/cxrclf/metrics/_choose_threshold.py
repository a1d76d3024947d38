"""Threshold of scores that reaches a required sensitivity or specificity."""

from typing import Any

import numpy as np

from cxrclf._utils.checks import check_fraction
from cxrclf.metrics._checks import check_binary, check_scores, float_type


def choose_threshold(
    y_true: Any,
    y_score: Any,
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
) -> float:
    """Choose the threshold that reaches a required sensitivity or specificity.

    An image is predicted as positive if its score is at least the threshold. Of all
    thresholds that reach the required value on these images, the one with the best
    other value is chosen.

    Parameters
    ----------
    y_true : array-like of shape (n,) of bool or 0 and 1
        Whether an image belongs to the positive class.
    y_score : array-like of shape (n,)
        Scores that increase with the confidence in the positive class.
    sensitivity : float, default=None
        Required sensitivity, in [0, 1].
    specificity : float, default=None
        Required specificity, in [0, 1]. Pass either `sensitivity` or `specificity`.

    Returns
    -------
    float
        Threshold. If no image may be predicted as positive, it is the next higher
        number than all scores, in the precision of `y_score`.

    Raises
    ------
    ValueError
        If not exactly one of `sensitivity` and `specificity` is given, if it is not in
        [0, 1], if lengths differ, or if a class has no images.

    See Also
    --------
    fold_thresholds : Choose thresholds, and measure what they reach on other images.

    Notes
    -----
    The threshold reaches the required value on these images, and usually less on
    others. Choose it on images that the classifier was not trained on, and measure its
    sensitivity and specificity on further images. :func:`fold_thresholds` does so for
    out-of-fold predictions.

    To choose a threshold inside the training set of an estimator, pass a scorer to
    :class:`sklearn.model_selection.TunedThresholdClassifierCV`. This scorer requires a
    sensitivity of 0.95:

    >>> from sklearn.metrics import make_scorer, recall_score
    >>> def specificity_at_95(y_true, y_pred):
    ...     reached = recall_score(y_true, y_pred) >= 0.95
    ...     specificity = recall_score(y_true, y_pred, pos_label=0)
    ...     return specificity if reached else -1.0
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import TunedThresholdClassifierCV
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tuned = TunedThresholdClassifierCV(
    ...     GaussianNB(), scoring=make_scorer(specificity_at_95), cv=5
    ... ).fit(X, y)
    >>> recall_score(y, tuned.predict(X)) > 0.9
    True

    Examples
    --------
    >>> from cxrclf.metrics import choose_threshold
    >>> y_true, y_score = [1, 1, 1, 0, 0, 0], [0.9, 0.7, 0.4, 0.6, 0.3, 0.1]
    >>> choose_threshold(y_true, y_score, sensitivity=1.0)
    0.4
    >>> choose_threshold(y_true, y_score, specificity=1.0)
    0.7
    """
    check_one_goal(sensitivity, specificity)
    y_true = check_binary(y_true)
    scores = check_scores(y_score, len(y_true))
    for value, noun in ((True, "positive"), (False, "negative")):
        if not (y_true == value).any():
            raise ValueError(
                f"y_true has no {noun} images. Pass images of both classes."
            )
    # The small number undoes rounding: 0.9 of 10 images are 9, not 9.000000000000002.
    if sensitivity is not None:
        positive = np.sort(scores[y_true])
        needed = int(np.ceil(sensitivity * len(positive) - 1e-9))
        # No positive image is needed: the threshold is above all scores.
        return float(positive[-needed]) if needed else _next_above(scores, y_score)
    negative = np.sort(scores[~y_true])
    needed = int(np.ceil(float(specificity or 0) * len(negative) - 1e-9))
    if needed == 0:
        return float(scores.min())
    higher = scores[scores > negative[needed - 1]]
    return float(higher.min()) if len(higher) else _next_above(scores, y_score)


def _next_above(scores: np.ndarray, y_score: Any) -> float:
    """Return the next higher number than all scores, in the precision of `y_score`.

    NumPy compares float32 scores with a threshold in float32.
    """
    of_type = float_type(y_score)
    return float(np.nextafter(of_type(scores.max()), of_type(np.inf)))


def check_one_goal(sensitivity: float | None, specificity: float | None) -> None:
    """Raise a ValueError unless one of two required values is a fraction."""
    if (sensitivity is None) == (specificity is None):
        raise ValueError(
            "Pass either sensitivity or specificity, got "
            f"sensitivity={sensitivity!r} and specificity={specificity!r}."
        )
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity)):
        if value is not None:
            check_fraction(value, name)
