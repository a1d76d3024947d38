"""Pixels from one type to another at the same brightness."""

import numpy as np


def to_uint8(images):
    """Return uint8, uint16 or float pixels in 8 bits at the same brightness."""
    if images.dtype == np.uint8:
        return images
    top = np.iinfo(images.dtype).max if images.dtype.kind == "u" else 1
    return np.rint(images * (255 / top)).astype(np.uint8)


def from_uint8(images, dtype):
    """Return 8-bit pixels in a type at the same brightness."""
    if dtype == np.uint8:
        return images
    if dtype == np.uint16:
        return images * np.uint16(257)
    return (images / 255).astype(dtype)


def from_unit(pixels, dtype):
    """Return pixels in [0, 1] in a type, integers rounded."""
    if dtype.kind == "f":
        return pixels.astype(dtype)
    return np.rint(pixels * np.iinfo(dtype).max).astype(dtype)
