"""Convert the values of masks to class numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def check_mask_labels(labels: Any, *, in_files: bool = False) -> np.ndarray:
    """Check the labels of a mask, and return them as an array.

    Parameters
    ----------
    labels : array-like of shape (n_classes,)
        Pixel value of each class, with the background first: 2 to 256 different values.
    in_files : bool, default=False
        Whether the labels must be possible pixel values of an image file.

    Returns
    -------
    ndarray of shape (n_classes,)
        Labels. With `in_files` they have the smallest unsigned type that fits them.

    Raises
    ------
    ValueError
        If the labels are invalid.
    """
    values = np.asarray(labels)
    listed = values.tolist()
    if values.ndim != 1 or not 2 <= len(set(listed)) == len(listed) <= 256:
        raise ValueError(
            "labels must be 2 to 256 different values, one per class, with the "
            f"background first; got {labels!r}."
        )
    if not in_files:
        return values
    if values.dtype.kind not in "iub" or values.min() < 0 or values.max() > 65535:
        raise ValueError(
            "labels of mask files must be ints from 0 to 65535, the possible values of "
            f"their pixels; got {labels!r}."
        )
    return values.astype(np.min_scalar_type(values.max()))


def mask_codes(
    values: np.ndarray,
    labels: Sequence[Any] | np.ndarray | None = None,
    *,
    name: str = "The array of masks",
    object_values: Sequence[int] | None = None,
) -> np.ndarray:
    """Convert the values of masks to class numbers.

    Parameters
    ----------
    values : ndarray
        Masks of any shape.
    labels : sequence, default=None
        Pixel value of each class, with the background first. By default masks have two
        classes, as bool or as 0 and one other value.
    name : str
        Name of the masks in error messages.
    object_values : sequence of int, default=None
        Allowed values of the object if there are no labels. By default the object may
        have any value.

    Returns
    -------
    ndarray of uint8, of the shape of `values`
        Class number of each pixel, which is the position of its label. Without labels,
        0 for the background and 1 for the object.

    Raises
    ------
    ValueError
        If the masks have any other value.
    """
    if labels is None:
        return _find_object(values, name, object_values)
    codes = np.zeros(values.shape, dtype=np.uint8)
    known = values == labels[0]
    for code, label in enumerate(labels[1:], start=1):
        is_label = values == label
        codes[is_label] = code
        known |= is_label
    if not known.all():
        raise ValueError(
            f"{name} has the values {describe_values(values[~known])}, which are not "
            f"among the labels {np.asarray(labels).tolist()}. List the values of all "
            "classes in labels, with the background first."
        )
    return codes


def _find_object(
    values: np.ndarray, name: str, object_values: Sequence[int] | None
) -> np.ndarray:
    """Return 1 for the pixels of the object and 0 for the background."""
    if values.dtype == bool:
        # No view: Pillow returns images of 1 bit as bool with the bytes 0 and 255.
        return values.astype(np.uint8)
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
