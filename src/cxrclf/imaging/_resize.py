"""Grey pixels to a working size."""

import numpy as np
from PIL import Image


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


def resize(
    pixels: np.ndarray,
    size: tuple[int, int],
    extent: tuple[float, float] | None = None,
) -> np.ndarray:
    """Resize with an antialiased bilinear (triangle) filter.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), uint8, uint16 or floats
    size : (int, int)
        Height and width of the result.
    extent : (float, float), optional
        The height and width of the image in `pixels`, where its last row and
        column are only partly covered. The default is the shape of `pixels`.

    Returns
    -------
    ndarray of shape `size`, of the type of `pixels`
    """
    height, width = extent or pixels.shape
    if (height, width) == size:
        return pixels
    # Pillow resizes 16-bit integers only as floats; float32 holds them exactly.
    image = Image.fromarray(
        pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    )
    resized = np.asarray(
        image.resize(size[::-1], Image.Resampling.BILINEAR, box=(0, 0, width, height))
    )
    if pixels.dtype != np.uint16:
        return resized.astype(pixels.dtype, copy=False)
    return np.clip(np.rint(resized), 0, 65535).astype(np.uint16)


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
