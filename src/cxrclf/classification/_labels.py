"""Class labels and phases: checked, and labels as numbers of classes."""

from functools import partial

import numpy as np
from scipy.special import softmax
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from cxrclf._training.task import Task
from cxrclf.losses import WeightedCrossEntropy


def count_right(outputs, truth):
    """Return the number of samples for which the largest output is their class."""
    return (outputs.argmax(1) == truth).sum()


CLASSIFICATION = Task(
    loss=WeightedCrossEntropy,
    score_name="accuracy",
    score=count_right,
    activation=partial(softmax, axis=1),
    decide=partial(np.argmax, axis=1),
)


def check_labels(y, images, estimator):
    """Return y as a finite array of class labels, with one label per image."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    if getattr(y, "ndim", 1) > 2:
        raise ValueError(
            f"y has shape {y.shape}, and {type(estimator).__name__} needs class "
            "labels, one per image. If y holds masks, use UNetSegmenter."
        )
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_consistent_length(images, y)
    check_classification_targets(y)
    return y


def encode_labels(y, classes):
    """Return the position of each label in the sorted classes, (n,) of int64."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"y has labels that are not among the classes {classes.tolist()}: "
            f"{unknown.tolist()}."
        )
    return np.searchsorted(classes, y).astype(np.int64)


def check_phases(phases, n):
    """Return the row numbers of each phase as arrays of int."""
    try:
        phases = [np.asarray(rows) for rows in phases]
    except (TypeError, ValueError):
        phases = []
    for rows in phases:
        if (
            rows.ndim != 1
            or not rows.size
            or rows.dtype.kind not in "iu"
            or rows.min() < 0
            or rows.max() >= n
        ):
            phases = []
            break
    if not phases:
        raise ValueError(
            "phases must be a list with an array of row numbers of X for each phase: "
            f"one phase and one row at least, from 0 to {n - 1}."
        )
    return [rows.astype(np.intp) for rows in phases]
