"""Class labels and phases: checked, and labels as numbers of classes."""

import os
from functools import partial

import numpy as np
from scipy.special import softmax

from cxrclf._training.task import Task
from cxrclf._utils.labels import (
    ENCODED,
    are_numbers_of_classes,
    check_label_count,
    check_labels,
)
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


def check_image_labels(y, images, estimator, name="y"):
    """Return y as an array of class labels, with one label per image."""
    y = check_labels(y, name=name, owner=type(estimator).__name__)
    if y.dtype.kind in "OU" and all(map(os.path.isfile, y)):
        raise ValueError(
            f"{name} has paths of files, such as {y[0]!r}, and must have class labels. "
            "If these files are masks, use UNetSegmenter."
        )
    check_label_count(name, len(y), len(images))
    return y


def encode_labels(y, classes, name="y"):
    """Return the position of each label in the sorted classes, (n,) of int64."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        hint = (
            f" {ENCODED}: fit without them, or pass {name} as these numbers."
            if are_numbers_of_classes(classes) and unknown.dtype.kind not in "iu"
            else " Remove their rows, or add samples of these classes to y."
        )
        raise ValueError(
            f"{name} has labels that are not among the classes {classes.tolist()}: "
            f"{unknown.tolist()}.{hint}"
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
