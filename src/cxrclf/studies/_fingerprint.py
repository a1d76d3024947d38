"""Texts that identify a training, to resume a study."""

import hashlib
import json
import os
import re
from collections.abc import Mapping

import joblib
import numpy as np

from cxrclf.images import ImageInput

_MACHINE = {
    "cache_dir",
    "callbacks",
    "checkpoint_dir",
    "compile",
    "device",
    "engine",
    "feature_cache",
    "feature_cache_bytes",
    "log_dir",
    "memory",
    "n_jobs",
    "n_threads",
    "verbose",
}

_END = 2**16  # bytes at each end of a file


def fingerprint_data(names, X, y, groups):
    """Return a text that identifies images, classes and patients.

    Parameters
    ----------
    names : list of str
        Names of the images. Files are identified by their names, their sizes, and
        their first and last bytes.
    X : array-like
        Images. Pixels are identified by their values.
    y : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) or None
        Patient id of each image.

    Returns
    -------
    str
    """
    images = ImageInput.from_X(X)
    paths = () if images.paths is None else images.paths
    content = {
        "names": names,
        "classes": y.tolist(),
        "patients": None if groups is None else groups.astype(str).tolist(),
        "files": [_identify_file(path) for path in paths],
    }
    digest = hashlib.blake2b(json.dumps(content).encode(), digest_size=16)
    if images.pixels is not None:
        digest.update(repr((images.pixels.shape, str(images.pixels.dtype))).encode())
        digest.update(np.ascontiguousarray(images.pixels))
    return digest.hexdigest()


def fingerprint_fit(estimator, fold, data, preprocessing=None):
    """Return a text that identifies the training of a network in a fold.

    Parameters
    ----------
    estimator : classifier
        Unfitted classifier. Parameters that do not change the result, such as
        `device`, are not used.
    fold : Fold
        Rows of the fold.
    data : str
        Result of :func:`fingerprint_data`.
    preprocessing : transformer, default=None
        Transformer of all images.

    Returns
    -------
    str
    """
    rows = [part.tolist() for part in fold]
    steps = [fingerprint_steps(estimator), fingerprint_steps(preprocessing)]
    digest = hashlib.blake2b(json.dumps([steps, rows, data]).encode(), digest_size=16)
    return digest.hexdigest()


def fingerprint_steps(estimator):
    """Return a text that identifies an estimator and its parameters.

    Parameters
    ----------
    estimator : estimator or None
        Unfitted estimator or pipeline.

    Returns
    -------
    str
    """
    parameters = {"": _identify(estimator)}
    if estimator is not None:
        for path, value in sorted(estimator.get_params().items()):
            if path.rsplit("__", 1)[-1] not in _MACHINE:
                parameters[path] = _identify(value)
    digest = hashlib.blake2b(json.dumps(parameters).encode(), digest_size=16)
    return digest.hexdigest()


def _identify_file(path):
    """Return the size of a file, and a digest of its first and last bytes."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            ends = file.read(_END)
            file.seek(max(0, size - _END))
            ends += file.read(_END)
    except OSError:  # the reader raises a better error
        return None
    return size, hashlib.blake2b(ends, digest_size=8).hexdigest()


def _identify(value):
    """Return a step by its class, or another value as text.

    The parameters of a step follow on their own. A fitted network, such as a segmenter,
    is identified by its weights.
    """
    if hasattr(value, "net_"):
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in value.net_.module_.state_dict().items():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(tensor.cpu().float().numpy()))
        return f"{type(value).__name__} {digest.hexdigest()}"
    if hasattr(value, "get_params"):
        return type(value).__name__
    if isinstance(value, list) and value and isinstance(value[0], tuple):  # of steps
        return [name for name, *_ in value]
    if isinstance(value, (Mapping, np.ndarray)):
        return joblib.hash(value)  # a long array is not complete in its repr
    # The address of a function differs in each process.
    return re.sub(" at 0x[0-9a-fA-F]+", "", repr(value))
