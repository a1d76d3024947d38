"""Label schemes: maps from the labels of the data to the classes of a scheme."""

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import column_or_1d


def map_labels(
    y: Any, label_map: Mapping[Any, Any] | None, *, rest: Any = None
) -> np.ndarray:
    """Give each label its class in a label scheme.

    A scheme groups the labels of the data into fewer classes: COVID-19 against the
    rest is ``{"covid": "covid"}`` with ``rest="other"``.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels: all str or all numbers.
    label_map : mapping or None
        For each label, its class in the scheme. It may list labels that do not occur
        in y. None leaves all labels as they are, and none for `rest`.
    rest : str or number, optional
        The class of the labels that `label_map` does not list.

    Returns
    -------
    ndarray of shape (n_samples,)
        The classes of the scheme.

    Raises
    ------
    ValueError
        Naming the labels of y that `label_map` does not list, if there is no `rest`;
        if labels or classes mix str and numbers, are neither, or are nan; if y holds
        numbers and `label_map` str, or the other way round.
    TypeError
        If `label_map` is not a mapping.

    See Also
    --------
    original_class_table : How the images of each label fare in a scheme.
    cxrclf.LabelMapClassifier : Train a classifier in a scheme.

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
    y = column_or_1d(y)
    labels = y.tolist()
    scheme = full_label_map(labels, label_map, rest)
    return y if label_map is None else np.array([scheme[label] for label in labels])


def full_label_map(
    labels: Iterable[Any], label_map: Mapping[Any, Any] | None, rest: Any = None
) -> dict[Any, Any]:
    """Return the class of each of `labels` and of those that the map lists, sorted.

    Parameters and errors are those of :func:`map_labels`.
    """
    labels = {_plain(label) for label in labels}
    kind = _kind(labels, "y")
    if label_map is None:
        return {label: label for label in sorted(labels)}
    listed = checked_label_map(label_map, rest)
    if kind and listed and kind != _kind(listed, "label_map"):
        raise ValueError(
            f"label_map lists {_sorted(listed)} and y holds {_sorted(labels)}: str "
            "and numbers are never the same label. Write the labels as they are in y."
        )
    unlisted = sorted(labels - listed.keys())
    if unlisted and rest is None:
        raise ValueError(
            f"label_map does not list the labels {unlisted}. Add them, or give their "
            "class as rest=..."
        )
    full = {**listed, **dict.fromkeys(unlisted, _plain(rest))}
    return {label: full[label] for label in sorted(full)}


def checked_label_map(label_map: Mapping[Any, Any], rest: Any = None) -> dict[Any, Any]:
    """Return a map as Python's own str and numbers; its errors need no data."""
    if not isinstance(label_map, Mapping):
        raise TypeError(
            "label_map must be a dict {label: class of the scheme} or None, got "
            f"{label_map!r}."
        )
    listed = {_plain(label): _plain(of) for label, of in label_map.items()}
    _kind(listed, "label_map")
    classes = {*listed.values()} if rest is None else {*listed.values(), _plain(rest)}
    _kind(classes, "The classes of label_map and rest")
    return listed


def _kind(labels: Iterable[Any], what: str) -> str | None:
    """Return whether labels are "str" or "numbers"; None where there are none."""
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
            f"{_sorted(labels)}."
        )
    return kinds.pop() if kinds else None


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _sorted(labels: Iterable[Any]) -> list[Any]:
    return sorted(labels, key=repr)
