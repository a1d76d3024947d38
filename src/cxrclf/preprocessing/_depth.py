"""Conversion of pixels between types without a change of brightness."""

import numpy as np


def to_uint8(images):
    """Convert uint8, uint16 or float pixels to 8 bits."""
    if images.dtype == np.uint8:
        return images
    top = np.iinfo(images.dtype).max if images.dtype.kind == "u" else 1
    return np.rint(images * (255 / top)).astype(np.uint8)


def from_uint8(images, dtype):
    """Convert 8-bit pixels to uint8, uint16 or floats in [0, 1]."""
    if dtype == np.uint8:
        return images
    if dtype == np.uint16:
        return images * np.uint16(257)  # 255 becomes 65535
    return (images / 255).astype(dtype)


def from_unit(pixels, dtype):
    """Convert floats in [0, 1] to a type. Integers are rounded."""
    if dtype.kind == "f":
        return pixels.astype(dtype)
    return np.rint(pixels * np.iinfo(dtype).max).astype(dtype)
