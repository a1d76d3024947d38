"""All images of X in gray at one size."""

import numpy as np

from cxrclf.images import ImageInput, resize

SIDE = 128  # side of the images in pixels
_CHUNK = 256


def read_gray(images: ImageInput, *, verbose: int = 0) -> np.ndarray:
    """Return all images in gray.

    Parameters
    ----------
    images : ImageInput
        Files or pixels.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n, 128, 128) of uint8
        Images, stretched to 128 × 128 pixels. Floats are read as values in [0, 1].
    """
    opened = images.open((SIDE, SIDE), verbose=verbose)
    result = np.empty((len(images), SIDE, SIDE), np.uint8)
    for start in range(0, len(images), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(images)))
        for row, image in zip(rows, opened.gather(rows), strict=True):
            result[row] = to_gray_bytes(image, (SIDE, SIDE))
    return result


def to_gray_bytes(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return one image of shape (H, W) or (H, W, C) as uint8 of a size."""
    if image.ndim == 3:
        image = image.mean(axis=2).astype(image.dtype)
    if image.dtype == bool:
        image = image.astype(float)
    if image.dtype != np.uint8:
        top = np.iinfo(image.dtype).max if image.dtype.kind in "iu" else 1
        image = np.rint(np.clip(image / top, 0, 1) * 255).astype(np.uint8)
    return resize(np.ascontiguousarray(image), size)
