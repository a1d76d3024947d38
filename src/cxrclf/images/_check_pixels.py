"""Refuse pixels whose layout, type or range is doubtful."""

import math
from typing import Any

import numpy as np

from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import PixelRangeWarning

_CHANNELS = 4  # largest number of channels of a common image: red, green, blue, alpha
_SIDE = 8  # smallest number of pixels along a side that is surely no axis of channels
_FLAT = 64  # smallest number of values in a row that may be the pixels of an image
_CHUNK = 64  # number of images that are searched at once


def check_layout(shape: tuple[int, ...], name: str = "X") -> None:
    """Check that images are one per row, with the channels last.

    Parameters
    ----------
    shape : tuple of int
        Shape (n, H, W) or (n, H, W, C) of the images.
    name : str, default="X"
        Name of the images in error messages.

    Raises
    ------
    ValueError
        If the shape is more likely one image, or has the channels first.
    """
    height, width = shape[1:3]
    if len(shape) == 3:
        if width <= _CHANNELS and min(shape[0], height) >= _SIDE:
            raise ValueError(
                f"{name} has the shape {shape}, as one image with {width} channels. "
                f"It would be read as {shape[0]} gray images of {height} × {width} "
                "pixels. Pass a single image as image[None]."
            )
        return
    channels = shape[3]
    if height <= _CHANNELS and min(width, channels) >= _SIDE:
        gray = f" or gray images as {name}[:, 0]" if height == 1 else ""
        raise ValueError(
            f"{name} has the shape {shape}, with the channels first. The channels must "
            f"be last: pass np.moveaxis({name}, 1, -1){gray}."
        )
    if channels > _CHANNELS and channels >= min(height, width) > 1:
        raise ValueError(
            f"{name} has the shape {shape}: images of {height} × {width} pixels with "
            f"{channels} channels. The last axis must be the channels. Pass each slice "
            "or frame as an image of its own, in an (n, H, W) array."
        )


def check_values(values: np.ndarray) -> None:
    """Check that images hold brightnesses.

    Parameters
    ----------
    values : ndarray of shape (n, H, W) or (n, H, W, C)
        Images.

    Raises
    ------
    ValueError
        If integers are negative, or the type is neither bool, integer nor float.
    """
    if values.dtype.kind not in "buif":
        raise ValueError(
            f"X has the type {values.dtype}. Pass pixels as bool, integers, or floats "
            "in [0, 1]."
        )
    if values.dtype.kind == "i" and (low := values.min()) < 0:
        raise ValueError(
            f"X has negative integers, from {low} to {values.max()}. Pixels are "
            "brightnesses from 0 (black). Pass floats in [0, 1], such as "
            "(X - low) / (high - low) with the range of your scanner or window."
        )


def warn_of_color(images: np.ndarray) -> None:
    """Warn if the channels of images differ, where gray images are expected.

    Parameters
    ----------
    images : ndarray of shape (n, H, W, C)
        Images. Only a few of them are examined.
    """
    few = images[:: max(1, len(images) // 8)]
    if (few != few[..., :1]).any():
        warn_user(
            "X has color images, but the estimator was fitted on gray images. Convert "
            "them to gray: images @ [0.299, 0.587, 0.114], rounded to their type."
        )


def warn_of_flat_rows(n_values: int) -> None:
    """Warn if each row of a 2-D array may be an image.

    Parameters
    ----------
    n_values : int
        Number of values per row.
    """
    if n_values < _FLAT:
        return
    side = math.isqrt(n_values)
    example = f", such as ({side}, {side})" if side * side == n_values else ""
    warn_user(
        f"Each row of X is read as one pixel with {n_values} channels. If the rows are "
        f"flattened images, set image_shape to their shape{example}."
    )


def warn_of_range(values: np.ndarray) -> None:
    """Warn about pixels that do not use the range of their type.

    Parameters
    ----------
    values : ndarray of shape (n, H, W) or (n, H, W, C)
        Images.

    Warns
    -----
    PixelRangeWarning
        If floats lie outside [0, 1] or below 1/255, if integers use at most a quarter
        of the range of their type, or if 8-bit pixels are at most 1.
    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "f":
        text = _describe_floats(values.min(), values.max())
    elif kind not in "iu":
        text = None
    elif size == 1:
        text = None if _exceeds(values, 1) else _describe_8_bits(values.max())
    elif _exceeds(values, np.iinfo(values.dtype).max // 4):
        text = None
    else:
        text = _describe_integers(values.dtype, values.max())
    if text is not None:
        warn_user(text, PixelRangeWarning)


def used_bits(highest: int) -> int:
    """Return the number of bits that pixels use: 8, 10, 12, 14, ..."""
    bits = int(highest).bit_length()
    return max(8, bits + bits % 2)


def _describe_floats(low: Any, high: Any) -> str | None:
    if low < 0 or high > 1:
        return (
            f"Float pixels must be in [0, 1], but X has values from {low:.4g} to "
            f"{high:.4g}. Divide 8-bit pixels by 255, or pass them as uint8."
        )
    if 0 < high <= 1 / 255:
        return (
            f"Float pixels are in [0, 1], but the largest in X is {high:.4g}: the "
            "images will be black. Divide 8-bit pixels by 255 once, not twice."
        )
    return None


def _describe_8_bits(high: int) -> str | None:
    if high <= 0:
        return None
    return (
        f"8-bit pixels are divided by 255, but the largest in X is {high}: the images "
        "will be black. Pass pixels in [0, 1] as floats, and masks as bool."
    )


def _describe_integers(dtype: np.dtype, high: int) -> str | None:
    if high <= 0:
        return None
    bits, limit = used_bits(high), np.iinfo(dtype).max
    cast = " or pass them as uint8" if high <= 255 else ""
    return (
        f"{dtype} pixels are divided by {limit}, the maximum of their type, but the "
        f"largest in X is {high}: the images will be almost black. Set "
        f"bits_stored={bits} if the pixels have {bits} bits{cast}."
    )


def _exceeds(values: np.ndarray, limit: int) -> bool:
    """Return whether a value exceeds a limit. Most images answer it at once."""
    return any(
        (values[start : start + _CHUNK] > limit).any()
        for start in range(0, len(values), _CHUNK)
    )
