"""Check image sizes, and fit images into a working size."""

from numbers import Integral
from typing import Any

import numpy as np


def check_image_size(size: Any, name: str = "image_size") -> tuple[int, int]:
    """Check an image size, and return it as (height, width) in pixels.

    Parameters
    ----------
    size : int or (int, int)
        Side of a square, or height and width.
    name : str, default="image_size"
        Name of the parameter in the error message.

    Returns
    -------
    (int, int)
        Height and width.

    Raises
    ------
    ValueError
        If a side is not a positive int.
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
    """Return the size of an image within the working size.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image.
    image_size : (int, int)
        Height and width of the working size.
    keep_aspect_ratio : bool
        Whether the image keeps its aspect ratio. If False, it is stretched to the
        working size.

    Returns
    -------
    (int, int)
        Height and width of the image in the working size. :func:`pad` adds the
        border.
    """
    if not keep_aspect_ratio:
        return image_size
    scale = min(image_size[0] / size[0], image_size[1] / size[1])
    height, width = (
        min(limit, max(1, round(side * scale)))
        for side, limit in zip(size, image_size, strict=True)
    )
    return height, width


def content_slices(
    size: tuple[int, int], image_size: tuple[int, int]
) -> tuple[slice, slice]:
    """Return the rows and columns of an image within the working size, without border.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image.
    image_size : (int, int)
        Height and width of the working size, into which the image is padded.

    Returns
    -------
    (slice, slice)
        Rows and columns of the image, as :func:`pad` places it.
    """
    content = content_size(size, image_size, True)
    top, left = (
        (whole - part) // 2 for whole, part in zip(image_size, content, strict=True)
    )
    return slice(top, top + content[0]), slice(left, left + content[1])


def pad(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Center an image on zeros of shape `size`. An odd row or column is the last."""
    if pixels.shape == size:
        return pixels
    top, left = (
        (whole - part) // 2 for whole, part in zip(size, pixels.shape, strict=True)
    )
    padded = np.zeros(size, dtype=pixels.dtype)
    padded[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return padded
