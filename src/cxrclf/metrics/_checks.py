"""Check the true classes and the scores of two classes."""

from typing import Any

import numpy as np
from sklearn.utils import check_array, column_or_1d

from cxrclf._utils.labels import as_labels


def check_binary(y_true: Any, name: str = "y_true") -> np.ndarray:
    """Return an array of shape (n,) of bool or of 0 and 1 as bool.

    Raises
    ------
    ValueError
        If there are other values, or if a value is missing.
    """
    values = as_labels(y_true, name)
    if values.dtype.kind == "b":
        return values
    if values.dtype.kind not in "iuf" or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{name} must have only True and False, or 1 and 0, got "
            f"{np.unique(values)[:4].tolist()}. Compare labels with a class: "
            f'{name} == "covid".'
        )
    return values.astype(bool)


def check_scores(y_score: Any, n: int, name: str = "y_score") -> np.ndarray:
    """Return scores as a finite array of float of shape (n,).

    Raises
    ------
    ValueError
        If there is not one finite number per sample.
    """
    scores = column_or_1d(
        check_array(
            y_score, dtype=float, ensure_2d=False, input_name=name, ensure_min_samples=0
        )
    )
    if len(scores) != n:
        raise ValueError(
            f"{name} has {len(scores)} values, but y_true has {n}. Pass one score per "
            "sample."
        )
    return scores
