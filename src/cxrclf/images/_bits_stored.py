"""Scale pixels of a few bits to the full range of 16 bits."""

import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

_PIECE = 2**18  # number of pixels that are scaled at once


def check_bits_stored(bits_stored: Any) -> int | None:
    """Check the parameter `bits_stored`, and return it as None or int.

    Parameters
    ----------
    bits_stored : object
        Value of the parameter.

    Returns
    -------
    int or None
        Number of bits from 2 to 16, or None for all bits of the type.

    Raises
    ------
    ValueError
        If the value is neither None nor an int from 2 to 16.
    """
    if bits_stored is None:
        return None
    whole = isinstance(bits_stored, Integral) and not isinstance(bits_stored, bool)
    if not whole or not 2 <= bits_stored <= 16:
        raise ValueError(
            f"bits_stored must be None or an int from 2 to 16; got {bits_stored!r}."
        )
    return int(bits_stored)


def scale_bits(pixels: ArrayLike, bits_stored: int) -> np.ndarray:
    """Scale pixels of a few bits to the full range of 16 bits.

    Parameters
    ----------
    pixels : array-like of int, of any shape
        Pixels in [0, 2**bits_stored - 1], in integers of more than 8 bits. Integers of
        8 bits are returned unchanged.
    bits_stored : int
        Number of bits that the pixels use, from 2 to 16, such as 12 for most digital
        radiographs. DICOM uses the same name.

    Returns
    -------
    ndarray of uint16, of the same shape
        ``rint(pixels * 65535 / (2**bits_stored - 1))``, exactly. This is `pixels`
        itself if it needs no scaling.

    Raises
    ------
    ValueError
        If `bits_stored` is not an int from 2 to 16, if the pixels are not integers, or
        if a pixel is negative or above ``2**bits_stored - 1``.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.images import scale_bits
    >>> scale_bits(np.array([0, 1, 2048, 4095], dtype=np.uint16), bits_stored=12)
    array([    0,    16, 32776, 65535], dtype=uint16)
    """
    bits = check_bits_stored(bits_stored)
    pixels = np.asarray(pixels)
    if bits is None or pixels.dtype.kind not in "iu":
        what = "bits_stored must be an int" if bits is None else "pixels must be ints"
        raise ValueError(f"{what}; got {bits_stored if bits is None else pixels.dtype}")
    if pixels.dtype.itemsize == 1:
        return pixels
    if bits == 16 and pixels.dtype == np.uint16:
        return pixels
    top = 2**bits - 1
    _check_range(pixels, bits, top)
    return pixels.astype(np.uint16) if bits == 16 else _scale(pixels, top)


def scale_to_16_bits(pixels: np.ndarray, top: int) -> np.ndarray:
    """Scale integers from [0, top] to [0, 65535].

    Parameters
    ----------
    pixels : ndarray of int, of any shape
        Pixels in [0, top]. The range is not checked.
    top : int
        Pixel of full brightness, from 1 to 65535.

    Returns
    -------
    ndarray of uint16, of the same shape
        The scaled pixels, rounded to the nearest integer.
    """
    return pixels.astype(np.uint16) if top == 65535 else _scale(pixels, top)


def scale_to_8_bits(pixels: np.ndarray, top: int) -> np.ndarray:
    """Scale integers from [0, top] to [0, 255].

    Parameters
    ----------
    pixels : ndarray of int, of any shape
        Pixels in [0, top]. The range is not checked.
    top : int
        Pixel of full brightness, from 1 to 255.

    Returns
    -------
    ndarray of uint8, of the same shape
        The scaled pixels, rounded to the nearest integer.
    """
    table = np.rint(np.arange(top + 1) * (255 / top)).astype(np.uint8)
    return pixels if top == 255 else table[pixels]


def _check_range(pixels: np.ndarray, bits: int, top: int) -> None:
    if not pixels.size:
        return
    low = 0 if pixels.dtype.kind == "u" else int(pixels.min())
    high = int(pixels.max())
    if low < 0:
        raise ValueError(
            f"pixels are negative (smallest {low}), so bits_stored={bits} does not "
            "apply; add an offset first"
        )
    if high > 65535:
        raise ValueError(f"pixels reach {high}, beyond 16 bits; scale them first")
    if high > top:
        raise ValueError(
            f"pixels reach {high}, beyond the {top} of bits_stored={bits}; set "
            f"bits_stored={high.bit_length()} or more"
        )


def _scale(pixels: np.ndarray, top: int) -> np.ndarray:
    # The largest number is 65535 * 65535 + 32767, which fits into uint32.
    scaled = np.empty(pixels.shape, dtype=np.uint16)
    step = max(1, _PIECE // max(1, math.prod(pixels.shape[1:])))
    rows, scaled_rows = np.atleast_1d(pixels, scaled)
    for start in range(0, len(rows), step):
        piece = rows[start : start + step].astype(np.uint32)
        piece *= np.uint32(65535)
        piece += np.uint32(top // 2)
        piece //= np.uint32(top)
        scaled_rows[start : start + step] = piece
    return scaled
