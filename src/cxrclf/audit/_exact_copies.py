"""Images with the same pixels."""

import numpy as np

from cxrclf.images import content_key, read_image


def find_exact_copies(images, keys):
    """Find images with the same pixels.

    Parameters
    ----------
    images : ImageInput
        Files or pixels.
    keys : ndarray of shape (n,) of uint64
        Content keys of the images. Keys of files may belong to resized pixels. Files
        with the same key are read again at their own size.

    Returns
    -------
    ndarray of shape (n,) of int
        First row with the same pixels.
    """
    keys = [(int(key), 0) for key in keys]
    if images.paths is not None:
        _, inverse, counts = np.unique(
            [key for key, _ in keys], return_inverse=True, return_counts=True
        )
        for row in np.flatnonzero(counts[inverse] > 1):
            keys[row] = keys[row][0], _read_key(images, row)
    first = {}
    return np.array([first.setdefault(key, row) for row, key in enumerate(keys)], int)


def have_same_pixels(images, row_a, row_b):
    """Return whether two files have the same pixels at their own size.

    Decoders read a JPEG file at a reduced size, so that the keys of resized pixels
    differ between formats.

    Parameters
    ----------
    images : ImageInput
        Files. The result for pixels is False, because their keys differ.
    row_a, row_b : int
        Rows with different keys.

    Returns
    -------
    bool
    """
    if images.paths is None:
        return False
    return _read_key(images, row_a) == _read_key(images, row_b)


def _read_key(images, row):
    pixels = read_image(images.paths[row], bits_stored=images.bits_stored)
    return content_key(pixels)
