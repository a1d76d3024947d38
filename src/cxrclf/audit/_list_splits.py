"""Row numbers of the splits of a splitter."""

import itertools
import warnings

import numpy as np
from sklearn.model_selection import check_cv


def list_splits(cv, X, y, groups):
    """Return the splits of a classification problem.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test)
        Parameter `cv` as in scikit-learn.
    X : array-like of length n
        Images.
    y : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) or None
        Patient of each image. A splitter that does not use groups ignores them without
        a warning, because an audit needs them for other purposes.

    Returns
    -------
    list of (ndarray, ndarray)
        Row numbers of the training and test samples.

    Raises
    ------
    ValueError
        If a row number is not that of an image.
    """
    splitter = check_cv(cv, y, classifier=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The groups parameter is ignored by")
        splits = list(splitter.split(X, y, groups))
    splits = [(_as_rows(train), _as_rows(test)) for train, test in splits]
    for rows in itertools.chain.from_iterable(splits):
        if len(rows) and (rows.min() < 0 or rows.max() >= len(y)):
            wrong = rows.max() if rows.max() >= len(y) else rows.min()
            raise ValueError(
                f"A fold of cv has the row {wrong}, and there are {len(y)} images. "
                f"Pass row numbers from 0 to {len(y) - 1}."
            )
    return splits


def _as_rows(rows):
    """Return row numbers from row numbers or a mask."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)
