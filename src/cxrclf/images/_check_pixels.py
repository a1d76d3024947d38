"""Refuse pixels whose layout, type or range is doubtful."""

import math

import numpy as np

from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import PixelRangeWarning

_CHANNELS = 4  # largest number of channels of a common image: red, green, blue, alpha
_SIDE = 8  # smallest number of pixels along a side that is surely no axis of channels
_FLAT = 64  # smallest number of values in a row that may be the pixels of an image
DARK = 1 / 4  # part of the range that 14 of 16 bits use
_ROUNDING = 1e-3  # by which a float may lie outside [0, 1]
EXAMINED = 64  # largest number of images whose range is examined
_DARK_FLOAT = 1 / 15  # floats of 12-bit pixels that were divided by 65535 are below


def check_layout(shape: tuple[int, ...], *, tensor: bool = False) -> None:
    """Check that images are one per row, with the channels last.

    Parameters
    ----------
    shape : tuple of int
        Shape (n, H, W) or (n, H, W, C) of the images.
    tensor : bool, default=False
        Whether X is a tensor, for the remedy in error messages.

    Raises
    ------
    ValueError
        If the shape is more likely one image, or has the channels first.
    """
    height, width = shape[1:3]
    if len(shape) == 3:
        if width <= _CHANNELS and min(shape[0], height) >= _SIDE:
            raise ValueError(
                f"X has the shape {shape}, as one image with {width} channels. "
                f"It would be read as {shape[0]} gray images of {height} × {width} "
                "pixels. Pass a single image as image[None], and gray images of this "
                "shape as X[..., None]."
            )
        return
    channels = shape[3]
    if height <= _CHANNELS and min(width, channels) >= _SIDE:
        gray = " or gray images as X[:, 0]" if height == 1 else ""
        moved = "X.movedim(1, -1)" if tensor else "np.moveaxis(X, 1, -1)"
        raise ValueError(
            f"X has the shape {shape}, with the channels first. The channels must be "
            f"last: pass {moved}{gray}."
        )
    if channels > _CHANNELS and channels >= min(height, width) > 1:
        raise ValueError(
            f"X has the shape {shape}: images of {height} × {width} pixels with "
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
        cure = "X @ [0.299, 0.587, 0.114]"
        if images.dtype.kind in "iu":
            cure = f"np.rint({cure}).astype(X.dtype)"
        warn_user(
            "X has color images, but the estimator was fitted on gray images. Convert "
            f"red, green and blue to gray: {cure}."
        )


def warn_of_opacity(images: np.ndarray) -> None:
    """Warn if the last of 2 or 4 channels is probably the opacity.

    Parameters
    ----------
    images : ndarray of shape (n, H, W, C)
        Images. Only a few of them are examined.
    """
    channels = images.shape[3]
    if channels not in (2, 4):
        return
    last = images[:: max(1, len(images) // 8), ..., -1]
    top = np.iinfo(images.dtype).max if images.dtype.kind in "iu" else 1
    if (last == top).all():
        warn_user(
            f"The last of the {channels} channels of X is probably the opacity, and "
            f"would be one channel of the network. Pass X[..., :{channels - 1}]."
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


def warn_of_range(values: np.ndarray, dark: float = DARK) -> None:
    """Warn about pixels that do not use the range of their type.

    Parameters
    ----------
    values : ndarray of shape (n, H, W) or (n, H, W, C)
        Images.
    dark : float, default=1/4
        Largest part of the range that the pixels of a dark 16-bit image use.

    Warns
    -----
    PixelRangeWarning
        If floats lie outside [0, 1], or if most images are almost black: floats of at
        most 1/15, integers of more than 8 bits that use only the part `dark` of their
        range, or 8-bit pixels of at most 1. At most 64 images are examined for the
        second rule.
    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    text = None
    if kind == "f":
        text = _describe_floats(values)
    elif kind in "iu":
        limit = 1 if size == 1 else int(np.iinfo(values.dtype).max * dark)
        highest = _examine(values, limit)
        if highest:
            text = _describe_integers(values.dtype, int(highest))
    if text is not None:
        warn_user(text, PixelRangeWarning)


def largest_of_dark(highest: list, limit: float) -> float:
    """Return the largest pixel of dark images, or 0 if most images are not dark.

    Parameters
    ----------
    highest : list
        Largest pixel of each image.
    limit : float
        Largest pixel of a dark image.

    Returns
    -------
    float
    """
    dark = [value for value in highest if value <= limit]
    return max(dark) if 2 * len(dark) > len(highest) else 0


def _examine(values: np.ndarray, limit: float) -> float:
    step = -(-len(values) // EXAMINED)
    return largest_of_dark([image.max() for image in values[::step]], limit)


def used_bits(highest: float) -> int:
    """Return the number of bits that pixels use: 8, 10, 12, 14, ..."""
    bits = int(highest).bit_length()
    return max(8, bits + bits % 2)


def _describe_floats(values: np.ndarray) -> str | None:
    low, high = values.min(), values.max()
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        cure = "Map them to [0, 1]."
        if low >= 0 and high <= 255:
            cure = "Divide 8-bit pixels by 255, or pass them as uint8."
        return (
            f"Float pixels must be in [0, 1], but X has values from {low:.4g} to "
            f"{high:.4g}. {cure}"
        )
    highest = _examine(values, _DARK_FLOAT)
    if not highest:
        return None
    cure = "Divide 8-bit pixels by 255 once, not twice"
    if highest > 1 / 255:
        cure = "Divide 12-bit pixels by 4095, and not by 65535"
    return (
        f"Float pixels are in [0, 1], but most images of X reach only {highest:.4g}: "
        f"they will be almost black. {cure}."
    )


def _describe_integers(dtype: np.dtype, highest: int) -> str:
    limit = np.iinfo(dtype).max
    cure = "Pass pixels in [0, 1] as floats, and masks as bool."
    if dtype.itemsize > 1:
        bits = used_bits(highest)
        cast = ", or pass them as uint8" if highest <= 255 else ""
        cure = (
            f"Set bits_stored={bits} if the pixels have {bits} bits, use "
            f"scale_bits(X, {bits}) before a transformer{cast}."
        )
    return (
        f"{dtype} pixels are divided by {limit}, the maximum of their type, but most "
        f"images of X reach only {highest}: they will be almost black. {cure}"
    )
