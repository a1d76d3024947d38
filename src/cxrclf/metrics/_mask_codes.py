"""What masks hold, as numbers of classes."""

from typing import Any

import numpy as np


def mask_codes(values: np.ndarray, labels: list | None, name: str) -> np.ndarray:
    """Return what masks hold as numbers of classes.

    Parameters
    ----------
    values : ndarray
        The masks.
    labels : list or None
        What they hold, the background first; None for bool, 0 and 1, or 0 and 255.
    name : str
        What an error message calls them.

    Returns
    -------
    ndarray of uint8, of the same shape
        For each pixel the position of its label; 0 and 1 where `labels` is None.

    Raises
    ------
    ValueError
        If the masks hold anything else.
    """
    if labels is None:
        return _two_codes(values, name)
    codes = np.zeros(values.shape, dtype=np.uint8)
    known = values == labels[0]
    for code, label in enumerate(labels[1:], start=1):
        is_label = values == label
        codes[is_label] = code
        known |= is_label
    if not known.all():
        raise ValueError(
            f"{name} holds {_some_of(values[~known])}, which labels lacks: {labels}. "
            "Name all labels of the masks, the background first."
        )
    return codes


def mask_stack(masks: Any, name: str) -> np.ndarray:
    """Return masks as an (n, height, width) array.

    Parameters
    ----------
    masks : array-like
        As a user gives them.
    name : str
        What an error message calls them.

    Raises
    ------
    ValueError
        If they are anything else, or none.
    """
    try:
        stack = np.asarray(masks)
    except ValueError as error:
        raise ValueError(
            f"{name} must be masks of one size, as an (n, height, width) array: {error}"
        ) from error
    if stack.ndim != 3:
        hint = " Give one mask as mask[np.newaxis]." if stack.ndim == 2 else ""
        raise ValueError(
            f"{name} must be an (n, height, width) array of masks, got shape "
            f"{stack.shape}.{hint}"
        )
    if stack.size == 0:
        raise ValueError(
            f"There are no masks to score: {name} has shape {stack.shape}."
        )
    return stack


def checked_mask_labels(labels: Any) -> list:
    """Return the labels of masks as a list.

    Parameters
    ----------
    labels : array-like
        As a user gives them.

    Raises
    ------
    ValueError
        If they are not 2 to 256 different values.
    """
    values = np.asarray(labels)
    listed = values.tolist()
    if values.ndim != 1 or not 2 <= len(set(listed)) == len(listed) <= 256:
        raise ValueError(
            "labels must be 2 to 256 different labels, the background first; got "
            f"{labels!r}."
        )
    return listed


def _two_codes(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype == bool:
        return values.view(np.uint8)
    full = values.max() if values.dtype.kind in "iuf" else None
    if full in (0, 1, 255) and ((values == 0) | (values == full)).all():
        return (values != 0).view(np.uint8)
    raise ValueError(
        f"{name} must hold masks, as bool, 0 and 1, or 0 and 255; got "
        f"{_some_of(values)}. Put a threshold to probabilities (p > 0.5); name other "
        "labels with labels=[...], the background first."
    )


def _some_of(values: np.ndarray) -> str:
    try:
        some = np.unique(values).tolist()
    except TypeError:  # unlike objects have no order
        some = list({repr(value): value for value in values.ravel()}.values())
    return f"{some[:6]}" if len(some) <= 6 else f"{some[:6]} and others"
