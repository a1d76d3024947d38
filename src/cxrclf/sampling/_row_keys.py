"""Find rows of X with the same content."""

import hashlib
import os
from collections import Counter

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from cxrclf.images import content_key, find_paths


def row_keys(X):
    """Return a number per row of X that identifies its content.

    Parameters
    ----------
    X : array-like of n samples
        Image files, as in :func:`cxrclf.images.find_paths`, or numbers.

    Returns
    -------
    ndarray of shape (n,) of int
        Keys of the rows. Equal pixels and equal rows of numbers have the same key. A
        file, its transformed copies (:class:`cxrclf.augmentation.AugmentedPath`) and
        files with the same bytes have the same key.
    """
    paths = find_paths(X)
    if paths is not None:
        names = np.array([os.fspath(path) for path in paths])
        distinct, row = np.unique(names, return_inverse=True)
        return _number(_file_keys(distinct.tolist()))[row]
    X = check_array(
        X,
        accept_sparse="csr",
        ensure_all_finite=False,  # the estimator decides whether NaN is valid
        ensure_2d=False,
        allow_nd=True,
        input_name="X",
    )
    if issparse(X):
        return _number([content_key(X[[i]].toarray()) for i in range(X.shape[0])])
    return _number([content_key(row) for row in X])


def _number(keys):
    """Replace keys by numbers in the order of their first occurrence."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys])


def _file_keys(paths):
    """Return a key per file: its digest if another file has its size, else its path."""
    sizes = [_size(path) for path in paths]
    n_of_size = Counter(sizes)
    return [
        path if size is None or n_of_size[size] == 1 else _digest(path)
        for path, size in zip(paths, sizes, strict=True)
    ]


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:  # the estimator reports all unreadable files later
        return None


def _digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return path
