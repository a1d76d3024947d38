"""Sizes of images: checked, and how an image fits into one."""

from numbers import Integral
from typing import Any

import numpy as np


def check_image_size(size: Any, name: str = "image_size") -> tuple[int, int]:
    """Return an image size as (height, width) in pixels.

    Parameters
    ----------
    size : int or (int, int)
        Side of a square, or height and width.
    name : str, default="image_size"
        What the error message calls it.

    Raises
    ------
    ValueError
        If a side is not a positive whole number.
    """
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(_is_positive_int(side) for side in sides):
        raise ValueError(
            f"{name} must be a positive int or a pair (height, width) of positive "
            f"ints, in pixels; got {size!r}."
        )
    return int(sides[0]), int(sides[1])


def _is_positive_int(value: Any) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and int(value) > 0


def content_size(
    size: tuple[int, int], image_size: tuple[int, int], keep_aspect_ratio: bool
) -> tuple[int, int]:
    """Return how much of the working size an image takes.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image.
    image_size : (int, int)
        The working size.
    keep_aspect_ratio : bool
        Whether the image is fitted into it, instead of being stretched to it. The
        rest is then around it, an odd row or column last.

    Returns
    -------
    (int, int)
        Height and width.
    """
    if not keep_aspect_ratio:
        return image_size
    scale = min(image_size[0] / size[0], image_size[1] / size[1])
    height, width = (
        min(limit, max(1, round(side * scale)))
        for side, limit in zip(size, image_size, strict=True)
    )
    return height, width


def pad(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Centre an image on zeros of shape `size`; an odd row or column goes last."""
    if pixels.shape == size:
        return pixels
    top, left = (
        (whole - part) // 2 for whole, part in zip(size, pixels.shape, strict=True)
    )
    padded = np.zeros(size, dtype=pixels.dtype)
    padded[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return padded
