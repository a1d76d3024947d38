"""Find the paths of image files in X."""

import os
from typing import Any

import numpy as np


def find_paths(X: Any) -> np.ndarray | None:
    """Return the paths in X, or None if X holds pixels.

    Parameters
    ----------
    X : array-like
        Paths as an (n, 1) or (n,) array, a list of paths, a Series, or a data
        frame with a column `path`. Other columns are ignored.

    Returns
    -------
    ndarray of shape (n,) of object, or None
        The str and path-like objects in X, in the order of X.

    Raises
    ------
    ValueError
        If X is a single path, if a data frame of strings has no column `path`, or if an
        array of paths has more than one column.
    TypeError
        If only some of the values are paths.
    """
    if isinstance(X, (str, os.PathLike)):
        raise ValueError(
            f"Expected several image paths, got one: {os.fspath(X)!r}. "
            f"Put it in a list: [{os.fspath(X)!r}]. For a folder, use "
            "cxrclf.datasets.load_image_folder."
        )
    columns = getattr(X, "columns", None)
    if columns is not None:
        if "path" not in columns:
            if _contains_path(np.asarray(X).ravel()):
                raise ValueError(
                    "A data frame of image files needs a column named 'path', got the "
                    f"columns {[str(name) for name in X.columns]}. Rename the column "
                    "of the files."
                )
            return None
        X = X["path"]
    if isinstance(X, (list, tuple)):
        if not _contains_path(np.array(X[:1], dtype=object).ravel()):
            return None
        X = np.array(X, dtype=object)
    elif not hasattr(X, "__array__"):
        return None
    values = np.asarray(X)
    if values.dtype.kind not in "OUT" or values.size == 0:
        return None
    # The first value decides; _check_path reports any other value below.
    if not _contains_path(values.ravel()[:1]):
        return None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"Image paths must be an (n, 1) or (n,) array, got shape {values.shape}."
        )
    for value in values:
        _check_path(value)
    return values.astype(object)


def _contains_path(values: np.ndarray) -> bool:
    return any(isinstance(value, (str, os.PathLike)) for value in values)


def _check_path(value: Any) -> None:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f"All image paths must be str or pathlib.Path, got {type(value).__name__}: "
            f"{value!r}."
        )
