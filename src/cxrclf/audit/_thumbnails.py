"""Small images of a whole data set, in 8 bits."""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from cxrclf.audit._gray_reader import GrayReader

SIDE = 128  # side of the images in pixels


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
        Gray levels are scaled as by :class:`GrayReader`.

    Raises
    ------
    ValueError
        If there are integers of more than 16 bits.
    """
    n = len(opened)
    reader = GrayReader(opened, (SIDE, SIDE))
    result = Thumbnails(np.zeros((n, SIDE, SIDE), np.uint8), np.zeros(n), np.zeros(n))
    images = tqdm(reader, desc="resizing", unit="image", disable=not verbose)
    for row, gray in enumerate(images):
        low, high = float(gray.min()), float(gray.max())
        result.low[row], result.high[row] = low, high
        if high > low:
            scaled = (gray - low) * (255 / (high - low))
            result.pixels[row] = np.rint(np.clip(scaled, 0, 255))
    low, high = reader.scale(result.low), reader.scale(result.high)
    return Thumbnails(result.pixels, low, high)
