"""X of a sampler: paths or pixels, in a form that its resampled rows keep."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import validate_data

from cxrclf._utils.paths import path_values

_ACCEPTED = (
    "images as an array of shape (n, H, W) or (n, H, W, C), flat rows of shape "
    "(n, F), or file paths as an (n, 1) or (n,) array, a list, or a data frame with "
    "a column 'path'"
)


@dataclass(frozen=True)
class Samples:
    """X as it was given, and as it was understood.

    Attributes
    ----------
    X : array-like
        As given.
    paths : ndarray of shape (n,) of object, or None
        The str and path-like objects in X, or None when X holds pixels.
    pixels : ndarray of shape (n, F), (n, H, W) or (n, H, W, C), or None
        The pixels in X, or None when X holds paths.
    """

    X: Any
    paths: np.ndarray | None
    pixels: np.ndarray | None

    def __len__(self):
        return len(self.pixels if self.paths is None else self.paths)

    def taken(self, rows):
        """Return some rows of X, in the form of X."""
        taken = _safe_indexing(self.X, rows)
        return taken.reset_index(drop=True) if hasattr(taken, "iloc") else taken

    def appended(self, new, rows=None):
        """Return X with samples appended, in the form of X.

        Parameters
        ----------
        new : ndarray of shape (m,) of object, or of shape (m, ...)
            Paths, or pixels of the type and shape of those in X.
        rows : ndarray of shape (m,) of int, default=None
            Rows of X from which the other columns of a data frame are taken; they are
            missing values without.

        Returns
        -------
        array-like of n + m rows
            Paths in arrays have the type object.
        """
        X = self.X
        if isinstance(X, (list, tuple)):
            as_lists = self.paths is None and isinstance(X[0], (list, tuple))
            return [*X, *(new.tolist() if as_lists else new)]
        if self.paths is None:
            values = np.concatenate([self.pixels, new])
            if hasattr(X, "columns"):
                return type(X)(values, columns=X.columns).astype(X.dtypes)
            return values
        values = np.concatenate([self.paths, new])
        if hasattr(X, "columns"):
            if rows is None:
                frame = X.reset_index(drop=True).reindex(range(len(values)))
            else:
                frame = self.taken(np.r_[: len(X), rows])
            return frame.assign(path=values)
        if hasattr(X, "iloc"):
            return type(X)(values, name=X.name, dtype=object)
        return values.reshape(-1, *X.shape[1:])


def open_samples(sampler, X, **checks):
    """Check X, and learn its features if it has any. No file is opened.

    Parameters
    ----------
    sampler : estimator
        Gets the attributes `n_features_in_` and `feature_names_in_`.
    X : array-like
        Paths or pixels in any form.
    **checks
        Of :func:`sklearn.utils.check_array`, for pixels.

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        If X has another rank, or a data frame of strings no column `path`.
    TypeError
        If only some of the values are paths, or a data frame is not of pandas.
    """
    for name in ("n_features_in_", "feature_names_in_"):
        vars(sampler).pop(name, None)  # of another fit, on other rows
    if hasattr(X, "columns") and not hasattr(X, "iloc"):
        raise TypeError(
            f"Data frames must be those of pandas, got {type(X).__module__}."
            f"{type(X).__name__}. Pass X.to_pandas(), or the paths as a list."
        )
    paths = path_values(X)
    if paths is not None:
        validate_data(sampler, X, skip_check_array=True)
        return Samples(X, paths, None)
    ndim = _ndim(X)
    if ndim is not None and not 2 <= ndim <= 4:
        raise ValueError(f"X must hold {_ACCEPTED}; got {ndim} dimension(s).")
    if ndim == 2:
        validate_data(sampler, X, skip_check_array=True)
    pixels = check_array(
        # From a frame of sparse columns, too.
        np.asarray(X) if hasattr(X, "columns") else X,
        allow_nd=True,
        ensure_2d=False,
        estimator=sampler,
        input_name="X",
        **checks,
    )
    return Samples(X, None, pixels)


def _ndim(X):
    """Return the rank of X, or None where it has none: ``check_array`` says why."""
    try:
        return X.ndim if hasattr(X, "ndim") else np.ndim(X)
    except ValueError:
        return None
