"""Texts that identify a training, to resume a study."""

import hashlib
import json

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
    "n_threads",
    "verbose",
}


def fingerprint_data(names, X, y, groups):
    """Return a text that identifies images, classes and patients.

    Parameters
    ----------
    names : list of str
        Names of the images. Files are identified by their names.
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
    digest = hashlib.blake2b(digest_size=16)
    pixels = ImageInput.from_X(X).pixels
    if pixels is not None:
        digest.update(repr((pixels.shape, str(pixels.dtype))).encode())
        digest.update(np.ascontiguousarray(pixels))
    patients = None if groups is None else groups.tolist()
    digest.update(json.dumps([names, y.tolist(), patients]).encode())
    return digest.hexdigest()


def fingerprint_fit(estimator, fold, data):
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

    Returns
    -------
    str
    """
    parameters = {
        path: _identify(value)
        for path, value in sorted(estimator.get_params().items())
        if path.rsplit("__", 1)[-1] not in _MACHINE
    }
    digest = hashlib.blake2b(digest_size=16)
    rows = [part.tolist() for part in fold]
    digest.update(json.dumps([parameters, rows, data]).encode())
    return digest.hexdigest()


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
    return repr(value)
