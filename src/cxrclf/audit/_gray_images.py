"""Small gray images of any X."""

import numpy as np

from cxrclf.images import ImageInput, resize

_N_ROWS = 1024


def load_gray(X, size, *, cache_dir=None, verbose=0):
    """Return images as small gray images.

    Parameters
    ----------
    X : array-like of length n
        Images in any form that the estimators accept.
    size : (int, int)
        Height and width of the result. Images are stretched.
    cache_dir : path-like, default=None
        Folder of decoded files.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    ndarray of shape (n, *size) of float32
        Gray levels. Integers are divided by the maximum of their type. Channels are
        averaged.
    """
    opened = ImageInput.from_X(X).open(size, cache_dir=cache_dir, verbose=verbose)
    gray = np.empty((len(opened), *size), np.float32)
    for start in range(0, len(opened), _N_ROWS):
        rows = np.arange(start, min(start + _N_ROWS, len(opened)))
        pixels = opened.gather(rows)
        scale = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1
        pixels = pixels.astype(np.float32) / np.float32(scale)
        if pixels.ndim == 4:
            pixels = pixels.mean(axis=-1)
        gray[rows] = [resize(image, size) for image in pixels]
    return gray
