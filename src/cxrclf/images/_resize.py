"""Resize gray pixels."""

import numpy as np
from PIL import Image

_PIECE = 2**18  # number of pixels that are converted to float32 at once


def resize(
    pixels: np.ndarray | Image.Image,
    size: tuple[int, int],
    extent: tuple[float, float] | None = None,
) -> np.ndarray:
    """Resize an image with an antialiased bilinear (triangle) filter.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), or PIL.Image.Image of mode "L"
        Pixels of uint8, uint16 or a float type.
    size : (int, int)
        Height and width of the result.
    extent : (float, float), optional
        Height and width of the image within `pixels`, if it covers the last row and
        column only in part. The default is the shape of `pixels`.

    Returns
    -------
    ndarray of shape `size`
        Pixels of the type of `pixels`.
    """
    if isinstance(pixels, Image.Image):
        image, dtype = pixels, np.dtype(np.uint8)
        height, width = extent or (pixels.height, pixels.width)
        if (height, width) == size:
            return np.asarray(pixels)
    else:
        height, width = extent or pixels.shape
        if (height, width) == size:
            return pixels
        dtype = pixels.dtype
        image = Image.fromarray(pixels) if dtype == np.uint8 else _to_floats(pixels)
    resized = np.asarray(
        image.resize(size[::-1], Image.Resampling.BILINEAR, box=(0, 0, width, height))
    )
    if dtype != np.uint16:
        return resized.astype(dtype, copy=False)
    return np.clip(np.rint(resized), 0, 65535).astype(np.uint16)


def _to_floats(pixels: np.ndarray) -> Image.Image:
    """Convert pixels to an image "F".

    Pillow cannot resize 16-bit integers. float32 represents them exactly. The pixels
    are converted in pieces, which fit into the cache of the processor. So only one
    large array is allocated, which takes most of the time.
    """
    height, width = pixels.shape
    image = Image.new("F", (width, height), None)
    step = max(1, _PIECE // width)
    for start in range(0, height, step):
        piece = pixels[start : start + step].astype(np.float32)
        image.paste(Image.fromarray(piece), (0, start))
    return image
