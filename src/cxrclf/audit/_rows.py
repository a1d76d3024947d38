"""Rows of one or two sets of images: their names, and both sets in one array."""

import numpy as np

from cxrclf._utils.paths import shorten_paths
from cxrclf.images import ImageInput


def name_rows(images):
    """Return a short name for each image.

    Parameters
    ----------
    images : ImageInput

    Returns
    -------
    list of str
        Paths relative to the folder that contains all files, or "row 0", "row 1", ...
        for pixels.
    """
    if images.paths is None:
        return [f"row {row}" for row in range(len(images))]
    return shorten_paths(images.paths)


def stack_rows(X, other, name="X_test"):
    """Return two sets of images as one.

    Parameters
    ----------
    X, other : array-like
        Images in any form that the estimators accept. Both sets are files, or both are
        pixels of one shape and type.
    name : str, default="X_test"
        Name of `other` in error messages.

    Returns
    -------
    list, pandas object or ndarray
        Paths or pixels, first of X. Two lists give a list, and two pandas objects of
        the same type give this type, with a new index.

    Raises
    ------
    ValueError
        If one set has files and the other has pixels, or if shapes or types differ.
    """
    first, second = ImageInput.from_X(X), ImageInput.from_X(other)
    if (first.paths is None) != (second.paths is None):
        raise ValueError(
            f"X and {name} must both be files or both be pixels. Pass the paths of "
            "both."
        )
    if first.paths is not None:
        return _stack_paths(X, other, first.paths, second.paths, name)
    one, two = first.values, second.values
    if one.shape[1:] != two.shape[1:] or one.dtype != two.dtype:
        raise ValueError(
            f"X has images of shape {one.shape[1:]} and type {one.dtype}, and {name} "
            f"of shape {two.shape[1:]} and type {two.dtype}. Pass both alike, or the "
            "paths of the files."
        )
    return np.concatenate([one, two])


def stack_values(values, other, names):
    """Return labels or ids of two sets as one array.

    Parameters
    ----------
    values, other : ndarray of shape (n,) and (m,)
        Labels or ids.
    names : (str, str)
        Names of both in error messages.

    Returns
    -------
    ndarray of shape (n + m,)

    Raises
    ------
    ValueError
        If one of them has text and the other does not. Numbers and texts are never
        equal.
    """
    has_text = [_has_text(part) for part in (values, other)]
    if has_text[0] != has_text[1]:
        with_text, without = names if has_text[0] else names[::-1]
        raise ValueError(
            f"{with_text} has text and {without} has numbers, which are never equal. "
            "Convert both to the same type."
        )
    return np.concatenate([values, other])


def check_lengths(X, y, names):
    """Check that there is one label per image.

    Parameters
    ----------
    X : array-like
        Images in any form that the estimators accept.
    y : ndarray
        Labels.
    names : (str, str)
        Names of both in the error message.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    n = len(ImageInput.from_X(X))
    if n != len(y):
        raise ValueError(
            f"{names[0]} has {n} images and {names[1]} has {len(y)} labels. Pass one "
            "label per image."
        )


def _stack_paths(X, other, paths, other_paths, name):
    """Return paths in the form of X, so that an estimator gets what it got before."""
    if isinstance(X, list) and isinstance(other, list):
        return X + other
    if type(X) is type(other) and hasattr(X, "iloc"):
        if X.ndim == 2 and list(X.columns) != list(other.columns):
            raise ValueError(
                f"X has the columns {list(X.columns)} and {name} "
                f"{list(other.columns)}. Pass both with the same columns."
            )
        import pandas  # X is a pandas object

        return pandas.concat([X, other], ignore_index=True)
    return np.concatenate([paths, other_paths])[:, None]


def _has_text(values):
    return any(isinstance(value, str) for value in values.tolist()[:1])
