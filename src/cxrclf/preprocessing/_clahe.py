"""Contrast-limited adaptive histogram equalization."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.optional import import_optional
from cxrclf.preprocessing._depth import from_uint8, to_uint8
from cxrclf.preprocessing._image_transformer import ImageTransformer


class CLAHE(ImageTransformer):
    """Contrast-limited adaptive histogram equalization.

    CLAHE spreads the intensities of each tile of an image over the full range. Faint
    structures become visible in dark and in bright regions [1]_. The clip limit bounds
    the increase of contrast, and therefore the increase of noise. Nothing is learned
    from the data. Needs ``pip install "cxrclf[preprocessing]"``.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    clip_limit : float, default=2.0
        Maximum count of a bin of a histogram, as a multiple of the mean count, greater
        than 0. The excess is distributed over all bins. Values up to 1 change little.
        Values from 2 to 4 are common for radiographs.
    tile_grid : int or (int, int), default=8
        Number of rows and columns of tiles, or one int for both. There can be at most
        one tile per pixel.
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
    IntensityNormalizer : Stretch the range of the whole image.

    Notes
    -----
    OpenCV's ``createCLAHE`` computes the result with histograms of 256 bins. Pixels of
    16 bits and floats are rounded to 256 levels, and the result is converted back to
    their type. A histogram of 65536 bins would have more bins than a tile has pixels.
    The clip limit would then have no effect or an extreme effect, and the same image
    would give different results in 8 and in 16 bits.

    References
    ----------
    .. [1] K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics
       Gems IV, 474-485, 1994.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.preprocessing import CLAHE
    >>> images = make_chest_radiographs(3, image_size=64, random_state=0).images
    >>> dull = images // 2 + 50
    >>> clear = CLAHE(clip_limit=3.0, tile_grid=4).fit_transform(dull)
    >>> bool(clear.std() > 1.2 * dull.std())
    True
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "clip_limit": [Interval(Real, 0, None, closed="neither")],
        "tile_grid": [Interval(Integral, 1, None, closed="left"), tuple, list],
    }

    def __init__(
        self,
        clip_limit=2.0,
        *,
        tile_grid=8,
        image_size=224,
        cache_dir=None,
        verbose=0,
    ):
        self.clip_limit = clip_limit
        self.tile_grid = tile_grid
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        check_image_size(self.tile_grid, "tile_grid")
        import_optional("cv2", extra="preprocessing", purpose="CLAHE")

    def _check_images(self, X):
        images = super()._check_images(X)
        height, width = images.sample_shape or check_image_size(self.image_size)
        rows, columns = check_image_size(self.tile_grid, "tile_grid")
        if rows > height or columns > width:
            raise ValueError(
                f"tile_grid={self.tile_grid!r} has more tiles than an image of "
                f"{height}×{width} pixels has rows or columns. Take fewer tiles."
            )
        return images

    def _transform_images(self, images):
        cv2 = import_optional("cv2", extra="preprocessing", purpose="CLAHE")
        rows, columns = check_image_size(self.tile_grid, "tile_grid")
        clahe = cv2.createCLAHE(float(self.clip_limit), (columns, rows))
        equalized = np.stack([clahe.apply(image) for image in to_uint8(images)])
        return from_uint8(equalized, images.dtype)
