"""Check class labels."""

from collections.abc import Iterable, Mapping, Set
from numbers import Number
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from cxrclf._utils.missing import find_missing, format_rows

ENCODED = (
    "VotingClassifier, StackingClassifier, BaggingClassifier, OneVsRestClassifier and "
    'cross_val_predict(method="predict_proba") replace labels by the numbers 0, 1, ... '
    "in sorted order before they fit"
)


def check_labels(
    y: Any, *, name: str = "y", owner: str = "classifier", warn: bool = True
) -> np.ndarray:
    """Return y as an array of class labels.

    Parameters
    ----------
    y : array-like of shape (n,)
        Class labels.
    name : str, default="y"
        Name of y in messages.
    owner : str, default="classifier"
        Name of the class that needs y, in messages.
    warn : bool, default=True
        Whether a column of labels, (n, 1), leads to a warning.

    Returns
    -------
    ndarray of shape (n,)
        Labels. None is missing or infinite.

    Raises
    ------
    ValueError
        If y is None, does not have one label per sample, has missing labels, or has
        labels that are neither text nor numbers of classes.
    """
    if y is None:
        raise ValueError(
            f"This {owner} estimator requires {name} to be passed, but the target "
            f"{name} is None."
        )
    labels = as_labels(y, name, warn=warn)
    assert_all_finite(labels, input_name=name)
    check_classification_targets(labels)
    return labels


def as_labels(y: Any, name: str, *, warn: bool = False) -> np.ndarray:
    """Return y as an array of shape (n,) without missing labels.

    The parameters are the same as for :func:`check_labels`.
    """
    labels = as_array(y, name, "label")
    if labels.ndim > 2:
        raise ValueError(
            f"{name} has shape {labels.shape}, and must have class labels, one per "
            f"image. If {name} holds masks, use UNetSegmenter."
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ValueError(
            f"{name} has shape {labels.shape}, and must have one label per image. If "
            f"it has a column per class, pass np.asarray({name}).argmax(axis=1), the "
            "number of the class. Several labels per image are not supported."
        )
    _refuse_missing(labels, name)
    if labels.dtype.kind not in "biufcU":
        _refuse_other_types(labels, name)
    # A data frame or a list of rows gives the warning of scikit-learn.
    labels = column_or_1d(labels, warn=warn)
    if labels.dtype.kind == "O" and len(labels) and not isinstance(labels[0], str):
        labels = np.array(labels.tolist())  # numbers as objects
    return labels


def as_array(values: Any, name: str, noun: str) -> np.ndarray:
    """Return an array-like as an array that has its missing values still.

    A list of text and NaN becomes an array of objects, because NumPy would convert
    the NaN to text.
    """
    if isinstance(values, (str, bytes, Mapping, Set)) or np.isscalar(values):
        raise ValueError(
            f"{name} must be an array or a list with one {noun} per sample, got "
            f"{values!r:.60}."
        )
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values. Remove their rows.")
    if hasattr(values, "detach"):  # a tensor of torch, on any device
        values = values.detach().cpu()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} must have one {noun} per sample, and has rows of several lengths. "
            f"Several {noun}s per sample are not supported."
        ) from error
    if array.ndim == 0:
        raise ValueError(
            f"{name} must be an array or a list with one {noun} per sample, got one "
            f"{type(values).__name__}."
        )
    is_list = isinstance(values, (list, tuple))
    if is_list and array.ndim == 1 and array.dtype.kind == "U" and mixes_str(values):
        return np.array(values, dtype=object)
    return array.astype(object) if array.dtype.kind == "T" else array


def mixes_str(values: Iterable[Any]) -> tuple[Any, Any] | None:
    """Return a str and a value of another type, or None if there are not both."""
    first: dict[bool, Any] = {}
    for value in values:
        first.setdefault(isinstance(value, str), value)
    return (first[True], first[False]) if len(first) == 2 else None


def _refuse_missing(labels: np.ndarray, name: str) -> None:
    rows = find_missing(labels)
    if len(rows):
        noun = "label" if len(rows) == 1 else "labels"
        raise ValueError(
            f"{name} has {len(rows)} missing {noun} (NaN, None, NA or blank text), in "
            f"{format_rows(rows)}. Remove these rows, or label them."
        )


def _refuse_other_types(labels: np.ndarray, name: str) -> None:
    """Raise an error unless all labels are text or all are numbers."""
    flat = labels.ravel().tolist()
    for row, label in enumerate(flat):
        if isinstance(label, bytes):
            raise ValueError(
                f"{name} has labels of type bytes, such as {label!r}. Convert them to "
                "text: [label.decode() for label in y]."
            )
        if not isinstance(label, (str, Number, np.bool_)):
            raise ValueError(
                f"{name} has a {type(label).__name__} in row {row}, and must have one "
                "label per sample, text or a number."
            )
    mixed = mixes_str(flat)
    if mixed:
        one, other = mixed
        raise ValueError(
            f"{name} must be all str or all numbers, and has {one!r} and {other!r}. "
            "Convert all labels: [str(label) for label in y]."
        )


def check_label_count(name: str, n_labels: int, n: int) -> None:
    """Raise an error unless there is one label per sample."""
    if n_labels != n:
        raise ValueError(
            f"X and {name} have inconsistent numbers of samples: X has {n}, and {name} "
            f"has {n_labels} labels. Pass one label per image."
        )


def are_numbers_of_classes(classes: np.ndarray) -> bool:
    """Return whether sorted classes are the ints 0, 1, ..., as encoders make them."""
    return classes.dtype.kind in "iu" and bool(
        np.array_equal(classes, np.arange(len(classes)))
    )


def explain_unknown(classes: np.ndarray) -> str:
    """Return why a parameter may name labels that y lacks, and the cure."""
    if are_numbers_of_classes(classes):
        return (
            f" {ENCODED}: name these numbers there. In a cross-validation every "
            "training fold needs all classes: use stratified folds."
        )
    return (
        " In a cross-validation every training fold needs all classes: use stratified "
        "folds."
    )
