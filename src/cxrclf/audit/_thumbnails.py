"""Small images of a whole data set, in 8 bits."""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from cxrclf.images import resize

SIDE = 128  # side of the images in pixels
_CHUNK = 256


class Thumbnails(NamedTuple):
    """Small images of a data set.

    Attributes
    ----------
    pixels : ndarray of shape (n, 128, 128) of uint8
        Images, stretched to squares. The darkest pixel of an image is 0, the brightest
        pixel is 255.
    low, high : ndarray of shape (n,)
        Gray levels of these pixels, in [0, 1].
    """

    pixels: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def get_gray(self, rows):
        """Return images of some rows as gray levels in [0, 1], float32."""
        low, high = (values[rows, None, None] for values in (self.low, self.high))
        return (low + self.pixels[rows] * ((high - low) / 255)).astype(np.float32)


def make_thumbnails(opened, *, verbose=0):
    """Return small images of all rows.

    Parameters
    ----------
    opened : Images
        Images, as :meth:`cxrclf.images.ImageInput.open` returns them.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    Thumbnails
        Channels are averaged. Integers are divided by the maximum of their type, and
        floats by the maximum of all images, if it is greater than 1.
    """
    n = len(opened)
    result = Thumbnails(np.zeros((n, SIDE, SIDE), np.uint8), np.zeros(n), np.zeros(n))
    with tqdm(total=n, desc="resizing", unit="image", disable=not verbose) as bar:
        for start in range(0, n, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, n))
            for row, image in zip(rows, opened.gather(rows), strict=True):
                gray = _to_gray(image)
                low, high = float(gray.min()), float(gray.max())
                result.low[row], result.high[row] = low, high
                if high > low:
                    scaled = (gray - low) * (255 / (high - low))
                    result.pixels[row] = np.rint(np.clip(scaled, 0, 255))
            bar.update(len(rows))
    top = max(1.0, result.high.max())
    return Thumbnails(result.pixels, result.low / top, result.high / top)


def _to_gray(image):
    """Return one image in gray as float32, integers scaled to [0, 1]."""
    scale = np.iinfo(image.dtype).max if image.dtype.kind in "iu" else 1
    gray = image.astype(np.float32) / np.float32(scale)
    if gray.ndim == 3:
        gray = gray.mean(axis=2)
    return resize(np.ascontiguousarray(gray), (SIDE, SIDE))
