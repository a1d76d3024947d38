"""Label schemes: maps from the labels of the data to the classes of a scheme."""

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import as_labels


def map_labels(
    y: Any, label_map: Mapping[Any, Any] | None, *, rest: Any = None
) -> np.ndarray:
    """Map labels to the classes of a label scheme.

    A label scheme groups the labels of the data into fewer classes. For instance,
    COVID-19 against the rest is ``{"covid": "covid"}`` with ``rest="other"``.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels, either all str or all numbers.
    label_map : mapping or None
        Mapping from labels to classes of the scheme. It may list labels that do not
        occur in `y`. If None, labels stay unchanged and `rest` is ignored.
    rest : str or number, optional
        Class of all labels that `label_map` does not list.

    Returns
    -------
    ndarray of shape (n_samples,)
        Classes of the scheme.

    Raises
    ------
    ValueError
        If there is no `rest` and `label_map` does not list all labels of `y`; if labels
        or classes mix str and numbers, are neither, or are nan; or if `y` has numbers
        and `label_map` has str, or vice versa.
    TypeError
        If `label_map` is not a mapping.

    See Also
    --------
    original_class_table : Count the predictions for each original label.
    cxrclf.LabelMapClassifier : Train a classifier in a label scheme.

    Examples
    --------
    >>> from cxrclf.metrics import map_labels
    >>> y = ["covid", "normal", "tuberculosis", "pneumonia"]
    >>> map_labels(y, {"covid": "covid"}, rest="other")
    array(['covid', 'other', 'other', 'other'], dtype='<U5')
    >>> map_labels(y, {"tuberculosis": "pneumonia"})
    Traceback (most recent call last):
        ...
    ValueError: label_map does not list the labels ['covid', 'normal', 'pneumonia'].
    Add them, or give their class as rest=...

    A classifier of all four labels, judged as a classifier of COVID-19 against the
    rest:

    >>> from cxrclf.metrics import classification_table
    >>> predicted = ["covid", "covid", "pneumonia", "normal"]
    >>> table = classification_table(
    ...     *(map_labels(labels, {"covid": "covid"}, rest="other")
    ...       for labels in (y, predicted)))
    >>> table["covid", "specificity"]
    0.666...
    """
    y = as_labels(y, "y")
    if label_map is not None:
        scheme = complete_label_map(y.tolist(), label_map, rest)
        warn_of_labels(scheme, label_map, rest)
    return apply_label_map(y, label_map, rest)


def apply_label_map(
    y: np.ndarray, label_map: Mapping[Any, Any] | None, rest: Any = None
) -> np.ndarray:
    """Map checked labels as :func:`map_labels` does, without warnings."""
    labels = y.tolist()
    scheme = complete_label_map(labels, label_map, rest)
    return y if label_map is None else np.array([scheme[label] for label in labels])


def complete_label_map(
    labels: Iterable[Any], label_map: Mapping[Any, Any] | None, rest: Any = None
) -> dict[Any, Any]:
    """Return the complete label map: the classes of all labels, sorted by label.

    It has the labels in `labels` and the labels that `label_map` lists. Parameters and
    errors are the same as for :func:`map_labels`.
    """
    labels = {_to_python(label) for label in labels}
    kind = _check_kind(labels, "y")
    if label_map is None:
        return {label: label for label in sorted(labels)}
    listed = check_label_map(label_map, rest)
    if kind and listed and kind != _check_kind(listed, "label_map"):
        raise ValueError(
            f"label_map lists {_sort_labels(listed)} and y holds "
            f"{_sort_labels(labels)}: str and numbers are never the same label. List "
            "the labels of y in label_map."
        )
    unlisted = sorted(labels - listed.keys())
    if unlisted and rest is None:
        raise ValueError(
            f"label_map does not list the labels {unlisted}. Add them, or give their "
            "class as rest=..."
        )
    full = {**listed, **dict.fromkeys(unlisted, _to_python(rest))}
    return {label: full[label] for label in sorted(full)}


def check_label_map(label_map: Mapping[Any, Any], rest: Any = None) -> dict[Any, Any]:
    """Check a label map without data, and return it with Python str and numbers."""
    if not isinstance(label_map, Mapping):
        raise TypeError(
            "label_map must be a dict {label: class of the scheme} or None, got "
            f"{label_map!r}."
        )
    listed = {_to_python(label): _to_python(of) for label, of in label_map.items()}
    _check_kind(listed, "label_map")
    classes = (
        {*listed.values()} if rest is None else {*listed.values(), _to_python(rest)}
    )
    _check_kind(classes, "The classes of label_map and rest")
    return listed


def _check_kind(labels: Iterable[Any], what: str) -> str | None:
    """Return "str" or "numbers", or None if there are no labels."""
    kinds = {
        "str"
        if isinstance(label, str)
        else "numbers"
        if isinstance(label, Real) and label == label
        else "neither"
        for label in labels
    }
    if len(kinds) > 1 or "neither" in kinds:
        raise ValueError(
            f"{what}: expected labels that are all str or all numbers, got "
            f"{_sort_labels(labels)}."
        )
    return kinds.pop() if kinds else None


def _to_python(label: Any) -> Any:
    """Convert a NumPy scalar to a Python object."""
    return label.item() if isinstance(label, np.generic) else label


def _sort_labels(labels: Iterable[Any]) -> list[Any]:
    """Sort labels that may have different types."""
    return sorted(labels, key=repr)
