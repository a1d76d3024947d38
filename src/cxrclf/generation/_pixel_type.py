"""Convert the output of a generator to the pixels of X."""

import numpy as np

_CHUNK = 64  # images that are read at a time


def count_channels(shape):
    """Return the number of channels of images, for a generator.

    Parameters
    ----------
    shape : tuple of int or None
        Shape (H, W) or (H, W, C) of an image. None stands for files, which are gray.
    """
    return shape[2] if shape is not None and len(shape) == 3 else 1


def find_type(images):
    """Return the widest type of stored images.

    Parameters
    ----------
    images : Images
        Images of 8 and 16 bits may be mixed.

    Returns
    -------
    numpy.dtype
    """
    starts = range(0, len(images), _CHUNK)
    rows = [np.arange(k, min(k + _CHUNK, len(images))) for k in starts]
    types = {images.gather(part).dtype for part in rows}
    # result_type would change the byte order.
    return types.pop() if len(types) == 1 else np.result_type(*types)


def to_pixels(outputs, dtype, bits_stored=None):
    """Convert outputs to pixels with the channels last.

    Parameters
    ----------
    outputs : ndarray of shape (b, C, H, W)
        Pixels in [0, 1].
    dtype : numpy.dtype
        Type of the pixels: integers, whose maximum stands for 1, or floats.
    bits_stored : int, default=None
        Number of bits that integers of more than 8 bits use. By default all bits.

    Returns
    -------
    ndarray of shape (b, H, W, C)
    """
    pixels = np.moveaxis(outputs, 1, -1).clip(0, 1)
    if dtype.kind == "f":
        return pixels.astype(dtype)
    maximum = np.iinfo(dtype).max
    if bits_stored is not None and dtype.itemsize > 1:
        maximum = 2**bits_stored - 1
    return np.rint(pixels * maximum).astype(dtype)
