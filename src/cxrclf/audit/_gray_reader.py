"""Read any images as gray levels of one scale."""

import numpy as np

from cxrclf.images import resize

_CHUNK = 256
_BITS = 8, 10, 12, 14, 16  # that a scanner uses


class GrayReader:
    """Iterate over images as small gray images, and find their scale.

    Channels are averaged. Integers of 8 bits are divided by 255, and others by 65535.
    Only after all images were read, their scale is known: iterate first, then call
    :meth:`scale`.

    Parameters
    ----------
    opened : Images
        Images, as :meth:`cxrclf.images.ImageInput.open` returns them.
    size : (int, int)
        Height and width of the gray images.

    Attributes
    ----------
    black, white : float
        Levels that :meth:`scale` maps to 0 and 1. White is the maximum of the type for
        8 bits. For other integers it is the largest pixel, rounded up to 8, 10, 12, 14
        or 16 bits. Floats are in [0, 1], if no pixel is outside.
    """

    def __init__(self, opened, size):
        self._opened = opened
        self._size = size
        self.black = self.white = 0.0

    def __len__(self):
        return len(self._opened)

    def __iter__(self):
        """Yield the images as arrays of float32.

        Raises
        ------
        ValueError
            If there are integers of more than 16 bits.
        """
        for start in range(0, len(self), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(self)))
            for image in self._opened.gather(rows):
                yield self._read(image)

    def scale(self, gray):
        """Return gray levels in [0, 1].

        Parameters
        ----------
        gray : ndarray
            Gray levels of the images, of any shape.

        Returns
        -------
        ndarray of the shape and type of `gray`
        """
        span = self.white - self.black
        return (gray - gray.dtype.type(self.black)) / gray.dtype.type(span or 1)

    def _read(self, image):
        divisor = 1
        if image.dtype.kind in "iu":
            divisor = 255 if image.dtype.itemsize == 1 else 65535
        gray = image.astype(np.float32) / np.float32(divisor)
        if gray.ndim == 3:
            gray = gray.mean(axis=2)
        gray = resize(np.ascontiguousarray(gray), self._size)
        if image.dtype.kind in "iu":
            white = _round_up(image) / divisor
        else:
            white = max(1.0, float(gray.max()))
            self.black = min(self.black, float(gray.min()))
        self.white = max(self.white, white)
        return gray


def _round_up(image):
    """Return the largest integer of the bits that an image needs."""
    if image.dtype.itemsize == 1:
        return 255
    largest = int(image.max())
    for bits in _BITS:
        if largest < 2**bits:
            return 2**bits - 1
    raise ValueError(
        f"X has integers up to {largest}, and pixels of more than 16 bits are not "
        "supported. Pass floats in [0, 1] instead, such as X / X.max()."
    )
