"""Normalization of the brightness and contrast of each image."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from cxrclf.preprocessing._depth import from_unit
from cxrclf.preprocessing._image_transformer import ImageTransformer


class IntensityNormalizer(ImageTransformer):
    """Stretch the intensities of each image to the full range.

    In each image, a low percentile of the pixels becomes black and a high percentile
    becomes white. Values between them are mapped linearly. Values outside are clipped.
    Exposure and windowing differ between scanners and hospitals. They change the
    brightness of an image, which should not reveal its class. Nothing is learned from
    the data.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    low : float, default=1.0
        Percentile of the pixels of an image that becomes black, in [0, 100) and below
        `high`. 0 is the darkest pixel.
    high : float, default=99.0
        Percentile of the pixels of an image that becomes white, in (0, 100]. 100 is the
        brightest pixel.
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    CLAHE : Equalize the contrast of each region of an image.

    Notes
    -----
    - An image stays unchanged if its two percentiles are equal, for instance if all
      its pixels have the same value.
    - Wide black borders or white labels change the percentiles. Crop or inpaint them
      first, or choose a larger `low` and a smaller `high`.
    - The result is not a z-score, because a z-score has no fixed range. The estimators
      normalize pixels with the mean and standard deviation of their backbone.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.preprocessing import IntensityNormalizer
    >>> images = make_chest_radiographs(3, image_size=64, random_state=0).images
    >>> dull = images // 2 + 50
    >>> int(dull.max())
    163
    >>> vivid = IntensityNormalizer(low=0, high=100).fit_transform(dull)
    >>> vivid.min(axis=(1, 2)), vivid.max(axis=(1, 2))
    (array([0, 0, 0], dtype=uint8), array([255, 255, 255], dtype=uint8))
    """

    _needs_full_range = False

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "low": [Interval(Real, 0, 100, closed="left")],
        "high": [Interval(Real, 0, 100, closed="right")],
    }

    def __init__(
        self, *, low=1.0, high=99.0, image_size=224, cache_dir=None, verbose=0
    ):
        self.low = low
        self.high = high
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        if self.low >= self.high:
            raise ValueError(
                f"low must be below high, got low={self.low} and high={self.high}."
            )

    def _transform_images(self, images):
        black, white = np.percentile(images, [self.low, self.high], axis=(1, 2))
        out = images.copy()
        for i in np.flatnonzero(white > black):
            stretched = (images[i] - black[i]) / (white[i] - black[i])
            out[i] = from_unit(np.clip(stretched, 0, 1), images.dtype)
        return out
