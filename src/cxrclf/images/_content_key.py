"""Keys of images that depend on the pixels only."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike


def content_key(pixels: ArrayLike) -> int:
    """Return a 64-bit key of the content of an image.

    Images with the same shape, type and values have the same key, whether they come
    from a file or from memory. Two different images have the same key with a
    probability of 5e-20. Among a million images, the probability that any two have the
    same key is 3e-8.

    Parameters
    ----------
    pixels : array-like
        One image, of any shape and any numeric type.

    Returns
    -------
    int
        Key in [0, 2**64). It is the BLAKE2b hash of the shape, the type and the values
        in little-endian C order, so it is the same on every machine.

    Raises
    ------
    TypeError
        If the values are not numeric.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.images import content_key
    >>> image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    >>> content_key(image) == content_key(image.copy(order="F"))
    True
    >>> content_key(image) == content_key(image.astype(np.uint16))
    False
    """
    pixels = np.asarray(pixels)
    if pixels.dtype.kind not in "buifc":
        raise TypeError(
            f"content_key needs numeric pixels, got an array of type {pixels.dtype}."
        )
    # One byte order and one memory layout, so that equal values have equal bytes.
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    name = repr((*pixels.shape, pixels.dtype.str)).encode()
    digest = hashlib.blake2b(name, digest_size=8)
    digest.update(pixels.data)
    return int.from_bytes(digest.digest(), "little")
