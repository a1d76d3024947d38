"""Contrast-limited adaptive histogram equalisation."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.optional import import_optional
from cxrclf.preprocessing._depth import from_uint8, to_uint8
from cxrclf.preprocessing._image_transformer import ImageTransformer


class CLAHE(ImageTransformer):
    """Contrast-limited adaptive histogram equalisation.

    Spreads the intensities of each tile of an image over the full range, so that faint
    structures stand out in dark and in bright regions alike [1]_. The clip limit bounds
    how much any contrast, and with it the noise, is raised. Nothing is learnt from the
    data. Needs ``pip install "cxrclf[preprocessing]"``.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    clip_limit : float, default=2.0
        How far a histogram's bin may rise above the mean of the bins before the
        excess is shared out among all, greater than 0. Up to 1 changes little;
        2 to 4 is usual for radiographs.
    tile_grid : int or (int, int), default=8
        Number of tiles along each side, or rows and columns of tiles; at most one
        per pixel.
    image_size : int or (int, int), default=224
        Side of a square, or height and width, in pixels, at which files are read.
        Images in arrays keep their size.
    cache_dir : path-like, default=None
        Where decoded pixels are kept for later runs. With None they are kept until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    IntensityNormalizer : Stretches the range of an image as a whole.

    Notes
    -----
    The work is done by OpenCV's ``createCLAHE`` with histograms of 256 bins. Pixels of
    16 bits and floats are rounded to 256 levels for it and returned in their type: with
    65536 bins, more than a tile has pixels, the clip limit would do nothing or
    everything, and the same image in 8 and in 16 bits would come out differently.

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
        equalised = np.stack([clahe.apply(image) for image in to_uint8(images)])
        return from_uint8(equalised, images.dtype)
