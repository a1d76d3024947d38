"""Which rows of X have the same content."""

import hashlib
import os
from collections import Counter

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from cxrclf.images import content_key, find_paths


def row_keys(X):
    """Return a number for each row of X that stands for its content.

    Parameters
    ----------
    X : array-like of n samples
        Image files, as in :func:`cxrclf.images.find_paths`, or numbers.

    Returns
    -------
    ndarray of shape (n,) of int
        Equal for equal pixels or rows of numbers, for the same file, a transformed
        copy of it (:class:`cxrclf.augmentation.AugmentedPath`) and files with the same
        bytes.
    """
    paths = find_paths(X)
    if paths is not None:
        names = np.array([os.fspath(path) for path in paths])
        distinct, row = np.unique(names, return_inverse=True)
        return _numbered(_file_keys(distinct.tolist()))[row]
    X = check_array(
        X,
        accept_sparse="csr",
        ensure_all_finite=False,  # what is trained decides whether nan is let in
        ensure_2d=False,
        allow_nd=True,
        input_name="X",
    )
    if issparse(X):
        return _numbered([content_key(X[[i]].toarray()) for i in range(X.shape[0])])
    return _numbered([content_key(row) for row in X])


def _numbered(keys):
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys])


def _file_keys(paths):
    """Return the digests of files of the same size, and the paths of all others."""
    sizes = [_size(path) for path in paths]
    n_of_size = Counter(sizes)
    return [
        path if size is None or n_of_size[size] == 1 else _digest(path)
        for path, size in zip(paths, sizes, strict=True)
    ]


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:  # what reads the images names all files that cannot be read
        return None


def _digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return path
