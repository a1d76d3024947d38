"""Fitted attributes of an estimator, except the net, as JSON values."""

import re

import numpy as np

_DTYPE = re.compile(r"[<>|=]?[biufUO]\d{0,5}")


def encode_fitted(estimator):
    """Return the fitted attributes of an estimator as JSON values.

    Parameters
    ----------
    estimator : ImageEstimator

    Returns
    -------
    dict
        Values by name. The names have no underscore at the end.
    """
    state = {
        name: getattr(estimator, f"{name}_")
        for name in _FITTED
        if hasattr(estimator, f"{name}_")
    }
    state["history"] = {
        name: np.asarray(column).tolist() for name, column in state["history"].items()
    }
    if "classes" in state:
        classes = state["classes"]
        state["classes"] = {"values": classes.tolist(), "dtype": classes.dtype.str}
    if "feature_names_in" in state:
        state["feature_names_in"] = state["feature_names_in"].tolist()
    return state


def decode_fitted(state):
    """Check and return fitted attributes from the values of :func:`encode_fitted`.

    Parameters
    ----------
    state : object
        Values from a file. They may have any content.

    Returns
    -------
    dict
        Values by name. The names have an underscore at the end.

    Raises
    ------
    ValueError
        If an attribute is missing or unknown, or has another type.
    """
    if not isinstance(state, dict):
        raise ValueError(f"its fitted attributes must be a mapping, got {state!r}.")
    if unknown := sorted(set(state) - set(_FITTED)):
        raise ValueError(f"it has unknown attributes: {unknown}.")
    if missing := sorted(_REQUIRED - set(state)):
        raise ValueError(f"it lacks attributes: {missing}.")
    for name, value in state.items():
        if not _FITTED[name](value):
            raise ValueError(f"its {name} is {str(value)[:200]}.")
    attributes = {
        f"{name}_": tuple(value) if isinstance(value, list) else value
        for name, value in state.items()
    }
    if "classes" in state:
        attributes["classes_"] = _decode_classes(state["classes"])
    if "feature_names_in" in state:
        names = np.array(state["feature_names_in"], dtype=object)
        attributes["feature_names_in_"] = names
    return attributes


def _decode_classes(classes):
    values = np.array(classes["values"], dtype=classes["dtype"])
    if values.tolist() != classes["values"] or len(np.unique(values)) < len(values):
        raise ValueError(f"its classes are {str(classes)[:200]}.")
    return values


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_sizes(value, lengths):
    return (
        isinstance(value, (list, tuple))
        and len(value) in lengths
        and all(_is_count(size) and size > 0 for size in value)
    )


def _is_history(value):
    return (
        isinstance(value, dict)
        and all(
            isinstance(column, list) and all(type(x) in (int, float) for x in column)
            for column in value.values()
        )
        and len({len(column) for column in value.values()}) <= 1
    )


def _are_classes(value):
    return (
        isinstance(value, dict)
        and set(value) == {"values", "dtype"}
        and isinstance(value["dtype"], str)
        and _DTYPE.fullmatch(value["dtype"]) is not None
        and isinstance(value["values"], list)
        and len(value["values"]) >= 2
        and all(isinstance(x, (str, int, float)) for x in value["values"])
    )


def _are_names(value):
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


# Each fitted attribute that a file may have, and the check of its value.
_FITTED = {
    "engine": lambda value: value in ("torch", "onnxruntime"),
    "feature_cache": lambda value: value in (None, "features", "maps"),
    "best_epoch": _is_count,
    "classes": _are_classes,
    "feature_names_in": _are_names,
    "history": _is_history,
    "image_size": lambda value: _are_sizes(value, (2,)),
    "input_shape": lambda value: value is None or _are_sizes(value, (2, 3)),
    "n_epochs": _is_count,
    "n_features_in": _is_count,
}
_REQUIRED = {"history", "image_size", "input_shape", "n_epochs"}
