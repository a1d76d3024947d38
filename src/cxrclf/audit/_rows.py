"""Rows of one or two sets of images: their names, and both sets in one array."""

import os

import numpy as np

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
    paths = [str(path) for path in images.paths]
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # on several drives, or absolute and relative
        return paths
    return [os.path.relpath(path, folder) if folder else path for path in paths]


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
    ndarray of shape (n + m, 1) of object, or (n + m, ...)
        Paths or pixels, first of X.

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
        return np.concatenate([first.paths, second.paths])[:, None]
    one, two = first.values, second.values
    if one.shape[1:] != two.shape[1:] or one.dtype != two.dtype:
        raise ValueError(
            f"X has images of shape {one.shape[1:]} and type {one.dtype}, and {name} "
            f"of shape {two.shape[1:]} and type {two.dtype}. Pass both alike, or the "
            "paths of the files."
        )
    return np.concatenate([one, two])
