"""Names for pixels that depend on nothing but the pixels."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike


def content_key(pixels: ArrayLike) -> int:
    """Return a 64-bit key of an image's content.

    Two images have the same key when they have the same shape, type and values,
    wherever they come from: a file as decoded, or an array in memory. Two
    different images share a key with a probability of 5e-20, and any two among
    a million with one of 3e-8.

    Parameters
    ----------
    pixels : array-like
        One image, of any shape and any numeric type.

    Returns
    -------
    int
        At least 0 and less than 2**64: BLAKE2b over the shape, the type and the
        values in little-endian C order, the same on every machine.

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
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    name = repr((*pixels.shape, pixels.dtype.str)).encode()
    digest = hashlib.blake2b(name, digest_size=8)
    digest.update(pixels.data)
    return int.from_bytes(digest.digest(), "little")
