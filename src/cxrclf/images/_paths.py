"""Find the paths of image files in X."""

import os
import reprlib
from typing import Any

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan


def find_paths(X: Any, name: str = "X") -> np.ndarray | None:
    """Return the paths in X, or None if X holds pixels.

    Parameters
    ----------
    X : array-like
        Paths as an (n, 1) or (n,) array, a list of paths, a Series, or a data
        frame with a column `path`. Other columns are ignored.
    name : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    ndarray of shape (n,) of object, or None
        The str and path-like objects in X, in the order of X.

    Raises
    ------
    ValueError
        If X is a single path, if a data frame of strings has no column `path`, if an
        array of paths has more than one column, or if a path is missing.
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
            values = np.asarray(X)
            if values.dtype.kind in "OUT" and any(map(_is_path, values.flat)):
                raise ValueError(
                    "A data frame of image files needs a column named 'path', got the "
                    f"columns {[str(name) for name in X.columns]}. Rename the column "
                    "of the files."
                )
            return None
        X = X["path"]
    if isinstance(X, (list, tuple)):
        if not any(map(_is_path, map(_first_value, X))):
            return None
        X = np.array(X, dtype=object)
    elif not hasattr(X, "__array__") or hasattr(X, "detach"):  # a tensor has numbers
        return None
    index = getattr(X, "index", None)
    values = np.asarray(X)
    if values.size == 0:
        return None
    if columns is None and (
        values.dtype.kind not in "OUT" or not any(map(_is_path, values.flat))
    ):
        return None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"Image paths must be an (n, 1) or (n,) array, got shape {values.shape}. "
            "Pass the column of the paths."
        )
    values = values.astype(object)
    unusual = [
        row
        for row, value in enumerate(values)
        if not isinstance(value, str) or not value or value.isspace()
    ]
    _check_present(values, unusual, index, name)
    for row in unusual:
        _check_path(values[row])
    return values


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _first_value(row: Any) -> Any:
    return row[0] if isinstance(row, (list, tuple)) and row else row


def _check_present(values: np.ndarray, rows: list[int], index: Any, name: str) -> None:
    """Check that no path is missing, such as an empty cell of a table."""
    rows = [row for row in rows if _is_missing(values[row])]
    if not rows:
        return
    label = "" if index is None else f", index {index[rows[0]]!r}"
    raise ValueError(
        f"{name} has no path in {len(rows)} of {len(values)} rows. The first is row "
        f"{rows[0]}{label}: {values[rows[0]]!r}. Remove these rows, or fill in the "
        "paths."
    )


def _is_missing(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or is_scalar_nan(value) or is_pandas_na(value)


def _check_path(value: Any) -> None:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f"All image paths must be str or pathlib.Path, got {type(value).__name__}: "
            f"{reprlib.repr(value)}."
        )
