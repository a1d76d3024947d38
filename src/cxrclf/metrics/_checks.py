"""Check the true classes and the scores of two classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_array

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
    if np.ndim(y_score) == 0:
        raise ValueError(f"{name} must have shape (n,), got {y_score!r:.60}.")
    scores = check_array(
        y_score, dtype=float, ensure_2d=False, input_name=name, ensure_min_samples=0
    )
    if scores.ndim > 1 and scores.shape[1:] != (1,):
        raise ValueError(f"{name} must have shape (n,), got shape {scores.shape}.")
    scores = scores.ravel()
    if len(scores) != n:
        raise ValueError(
            f"{name} has {len(scores)} values, but y_true has {n}. Pass one score per "
            "sample."
        )
    return scores


def float_type(values: Any) -> Any:
    """Return the type of floats, and float for other values."""
    dtype = np.asarray(values).dtype
    return dtype.type if dtype.kind == "f" else np.float64


def check_bound_names(names: Sequence[str]) -> None:
    """Check that scores and their bounds have different names.

    Raises
    ------
    ValueError
        If a score of the class "low" or "risk_low" has the name of the bound of another
        score.
    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        name = repeated[0]
        score, _, ending = name.rpartition("_")
        raise ValueError(
            f"{name!r} is the name of a score, and of {score!r} with the ending "
            f"'_{ending}' of its interval. Rename the class."
        )
