"""Small gray images of any X."""

import numpy as np

from cxrclf.audit._gray_reader import GrayReader
from cxrclf.images import ImageInput


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
        Gray levels in [0, 1], as :class:`GrayReader` scales them.

    Raises
    ------
    ValueError
        If there are integers of more than 16 bits.
    """
    opened = ImageInput.from_X(X).open(size, cache_dir=cache_dir, verbose=verbose)
    reader = GrayReader(opened, size)
    gray = np.empty((len(opened), *size), np.float32)
    for row, image in enumerate(reader):
        gray[row] = image
    return reader.scale(gray)
