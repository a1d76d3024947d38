"""Check predicted probabilities and their classes."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets

from cxrclf._utils.labels import as_labels, mixes_str

_SUM_TOLERANCE = 1e-3  # float16 probabilities of many classes


class Probabilities(NamedTuple):
    """Number of the true class, probabilities of all classes, and sorted classes."""

    codes: np.ndarray
    values: np.ndarray
    classes: np.ndarray


def check_probabilities(
    y_true: Any, y_proba: Any, classes: Any = None
) -> Probabilities:
    """Return codes of shape (n,), probabilities of shape (n, k) and k sorted classes.

    Raises
    ------
    ValueError
        If there are no images, if shapes do not fit, if values are no probabilities, or
        if a label is not in `classes`.
    """
    labels = as_labels(y_true, "y_true")
    check_classification_targets(labels)
    if len(labels) == 0:
        raise ValueError("There are no images: y_true is empty.")
    present = np.unique(labels)
    names = present if classes is None else np.unique(as_labels(classes, "classes"))
    if classes is not None:
        mixed = mixes_str([*present.tolist()[:1], *names.tolist()[:1]])
        unknown = [] if mixed else np.setdiff1d(present, names).tolist()
        if mixed or unknown:
            raise ValueError(
                f"y_true has the labels {(unknown or present.tolist())[:5]}, which "
                f"classes lacks: {names.tolist()[:5]}. Add them, or convert the labels."
            )
    return Probabilities(
        np.searchsorted(names, labels),
        _check_values(y_proba, len(labels), names),
        names,
    )


def check_columns(y_proba: Any, *, input_name: str = "y_proba") -> np.ndarray:
    """Return probabilities as floats of shape (n, k). One column becomes two."""
    values = check_array(y_proba, dtype=float, ensure_2d=False, input_name=input_name)
    if values.ndim == 1 or values.shape[1] == 1:
        values = np.column_stack([1 - values.ravel(), values.ravel()])
    if values.ndim > 2 or (values < 0).any() or (values > 1).any():
        raise ValueError(
            f"{input_name} must hold probabilities in [0, 1], of shape (n,) or (n, "
            f"n_classes); got shape {values.shape} and values from {values.min():g} to "
            f"{values.max():g}. Pass the output of predict_proba."
        )
    sums = values.sum(axis=1)
    row = int(np.abs(sums - 1).argmax())
    if abs(sums[row] - 1) > _SUM_TOLERANCE:
        raise ValueError(
            f"The probabilities of {input_name} must sum to 1 per image, and row {row} "
            f"sums to {sums[row]:g}. Pass the output of predict_proba."
        )
    return values


def _check_values(y_proba: Any, n: int, classes: np.ndarray) -> np.ndarray:
    values = check_columns(y_proba)
    if values.shape != (n, len(classes)):
        raise ValueError(
            f"y_proba must have shape (n, n_classes) = {(n, len(classes))}, got "
            f"{values.shape}: one column for each of {classes.tolist()[:9]}, in sorted "
            "order. If some classes do not occur in y_true, pass all as classes."
        )
    return values
