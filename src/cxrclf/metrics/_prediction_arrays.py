"""Checks of the arrays of predictions."""

from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from cxrclf._utils.labels import as_labels, mixes_str
from cxrclf.metrics._class_choice import not_in


def as_label_array(values: Any, name: str) -> np.ndarray:
    """Return labels, with text as text of NumPy."""
    labels = as_labels(values, name)
    check_classification_targets(labels)
    return labels.astype(str) if labels.dtype.kind == "O" else labels


def check_classes(classes: Any, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return all classes in sorted order."""
    mixed = mixes_str([y_true.tolist()[0], y_pred.tolist()[0]])
    if mixed:
        raise ValueError(
            f"y_true and y_pred must be all str or all numbers, and have {mixed[0]!r} "
            f"and {mixed[1]!r}. Convert the numbers to labels: classes[numbers]."
        )
    present = unique_labels(y_true, y_pred)
    if classes is None:
        return present
    known = as_label_array(classes, "classes")
    if len(np.unique(known)) != len(known):
        raise ValueError(f"classes must be different, got {known.tolist()}.")
    unknown = not_in(present.tolist(), known.tolist())
    if unknown:
        raise ValueError(
            f"y_true or y_pred holds {unknown}, which classes lacks: "
            f"{known.tolist()}. Add them to classes."
        )
    return np.sort(known)


def check_class_scores(y_score: Any, n: int, classes: np.ndarray) -> np.ndarray:
    """Return scores as an array of shape (n, n_classes)."""
    score = check_array(y_score, dtype=float, ensure_2d=False, input_name="y_score")
    if score.ndim == 1 and len(classes) == 2:
        is_probability = score.min() >= 0 and score.max() <= 1
        score = np.column_stack([1 - score if is_probability else -score, score])
    if score.shape != (n, len(classes)):
        raise ValueError(
            f"y_score must have shape (n_samples, n_classes) = {(n, len(classes))}, "
            f"got {score.shape}: one column for each of {classes.tolist()}, in sorted "
            "order. If some classes do not occur in y_true or y_pred, pass all classes."
        )
    return score


def check_whole_numbers(values: Any, name: str, n: int) -> np.ndarray:
    """Return whole numbers from 0 as an array of shape (n,)."""
    numbers = np.asarray(values)
    if numbers.shape != (n,):
        raise ValueError(
            f"{name} must have one number per sample, shape {(n,)}, got shape "
            f"{numbers.shape}."
        )
    if numbers.dtype.kind not in "iu" or numbers.min() < 0:
        raise ValueError(f"{name} must be whole numbers from 0, got {values!r:.60}.")
    return numbers.astype(np.int64)
