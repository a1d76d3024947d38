"""Values of masks as the numbers of their classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def check_mask_labels(labels: Any, *, in_files: bool = False) -> np.ndarray:
    """Check the value that the pixels of each class have in a mask.

    Parameters
    ----------
    labels : array-like of shape (n_classes,)
        2 to 256 different values, the background first.
    in_files : bool, default=False
        Whether the labels must be values that an image file can hold.

    Returns
    -------
    ndarray of shape (n_classes,)
        Of the smallest unsigned type where the labels must fit files.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    values = np.asarray(labels)
    listed = values.tolist()
    if values.ndim != 1 or not 2 <= len(set(listed)) == len(listed) <= 256:
        raise ValueError(
            "labels must be 2 to 256 different values, one for each class, the "
            f"background first; got {labels!r}."
        )
    if not in_files:
        return values
    if values.dtype.kind not in "iub" or values.min() < 0 or values.max() > 65535:
        raise ValueError(
            "labels must be whole numbers from 0 to 65535, the values that pixels of "
            f"a mask file have; got {labels!r}."
        )
    return values.astype(np.min_scalar_type(values.max()))


def mask_codes(
    values: np.ndarray,
    labels: Sequence[Any] | np.ndarray | None = None,
    *,
    name: str = "The array of masks",
    object_values: Sequence[int] | None = None,
) -> np.ndarray:
    """Convert the values of masks to numbers of classes.

    Parameters
    ----------
    values : ndarray
        The masks, of any shape.
    labels : sequence, default=None
        The value of each class, the background first. By default masks have two
        classes: bool, or 0 and one other value.
    name : str
        How an error message calls the masks.
    object_values : sequence of int, default=None
        The values that the object may have where there are no labels. By default it
        may have any value.

    Returns
    -------
    ndarray of uint8, of the shape of `values`
        For each pixel the position of its label; 0 and 1 without labels.

    Raises
    ------
    ValueError
        If the masks hold any other value.
    """
    if labels is None:
        return _object_codes(values, name, object_values)
    codes = np.zeros(values.shape, dtype=np.uint8)
    known = values == labels[0]
    for code, label in enumerate(labels[1:], start=1):
        is_label = values == label
        codes[is_label] = code
        known |= is_label
    if not known.all():
        raise ValueError(
            f"{name} has the values {describe_values(values[~known])}, which are not "
            f"among the labels {np.asarray(labels).tolist()}. Name the values of all "
            "classes, the background first."
        )
    return codes


def _object_codes(
    values: np.ndarray, name: str, object_values: Sequence[int] | None
) -> np.ndarray:
    if values.dtype == bool:
        return values.view(np.uint8)
    top = values.max() if values.dtype.kind in "iuf" else -1
    if top >= 0 and (object_values is None or top in object_values):
        codes = (values == top) & (values != 0)
        if (codes | (values == 0)).all():
            return codes.view(np.uint8)
    known = "one other value" if object_values is None else "1, or 0 and 255"
    threshold = "0.5" if values.dtype.kind == "f" and top <= 1 else "127"
    raise ValueError(
        f"{name} must hold masks of two classes, as bool or as 0 and {known}, but has "
        f"the values {describe_values(values)}. Name the value of each class with "
        "labels=[...], the background first; or apply a threshold, as in masks > "
        f"{threshold}."
    )


def describe_values(values: np.ndarray) -> str:
    """Return the first distinct values of an array as text."""
    try:
        distinct = np.unique(values).tolist()
    except TypeError:  # objects of several types have no order
        distinct = list({repr(value): value for value in values.ravel()}.values())
    more = f" and {len(distinct) - 5} more" if len(distinct) > 5 else ""
    return f"{distinct[:5]}{more}"
