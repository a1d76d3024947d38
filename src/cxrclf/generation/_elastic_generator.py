"""Smooth deformations of images of a class."""

from numbers import Real

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.ndimage import fourier_gaussian, map_coordinates
from sklearn.utils._param_validation import Interval

from cxrclf.generation._class_generator import ClassGenerator


class ElasticGenerator(ClassGenerator):
    """Generate smooth deformations of images of a class [1]_, without training.

    Each new image is a random image of the class. Its pixels are moved by a random
    field of displacements: Gaussian noise, smoothed by a Gaussian filter and scaled to
    the largest displacement. Use the generator in a
    :class:`~cxrclf.sampling.GenerativeOverSampler`. Compare its scores with the scores
    of a generator that learns.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    displacement : float, default=0.03
        Largest displacement along each axis, as a fraction of the shorter side of the
        image, in [0, 0.5]. With 0, the new images are copies.
    smoothness : float, default=0.1
        Standard deviation of the Gaussian filter, as a fraction of the shorter side of
        the image, in (0, 1]. Small values deform small structures, and large values
        move the whole image. Use at least 1.5 times `displacement`: with less, a
        deformation may fold the image.
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.

    See Also
    --------
    CycleGANGenerator : Images that are translated from another class.
    MixupGenerator : Mixtures of two images.
    cxrclf.sampling.AugmentedOverSampler : Rotated, shifted and zoomed copies.

    Notes
    -----
    Pixels are interpolated linearly. Positions outside the image have the value of the
    nearest pixel. The noise is smoothed as a periodic image, so displacements are
    equally large in the center and at the borders of the image. X must not have flat
    rows.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus and J. C. Platt, "Best practices for
       convolutional neural networks applied to visual document analysis", ICDAR 2003.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import ElasticGenerator
    >>> data = make_chest_radiographs(6, image_size=32, random_state=0)
    >>> generator = ElasticGenerator().fit(data.images, data.target)
    >>> images = generator.sample(4, "covid", random_state=0)
    >>> images.shape, images.dtype
    ((4, 32, 32), dtype('uint8'))
    """

    _parameter_constraints = {
        **ClassGenerator._parameter_constraints,
        "displacement": [Interval(Real, 0, 0.5, closed="both")],
        "smoothness": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self, displacement=0.03, smoothness=0.1, *, image_size=224, cache_dir=None
    ):
        self.displacement = displacement
        self.smoothness = smoothness
        self.image_size = image_size
        self.cache_dir = cache_dir

    def source_rows(self, n_samples, label, random_state):
        """Return the rows of X that :meth:`sample` deforms.

        Parameters
        ----------
        n_samples : int
            Number of images, at least 1.
        label : label
            Class of the images, one of the labels in `fit`.
        random_state : int
            The int that is passed to :meth:`sample`.

        Returns
        -------
        ndarray of shape (n_samples,) of int
            Row of X in `fit` for each image of `sample`. If X has repeats of an image,
            this is the first of them.
        """
        drawn = self._draw(n_samples, label, random_state)
        return np.array([rows[0] for rows, _ in drawn])

    def _check_images(self, images):
        if images.values is not None and images.values.ndim == 2:
            raise ValueError(
                f"X has flat rows, of shape {images.values.shape}. Pass images of "
                "shape (n, H, W) or (n, H, W, C): X.reshape(-1, height, width)."
            )

    def _draw_rows(self, rows, rng):
        return rng.choice(rows, 1)

    def _make(self, images, rng):
        image = images[0]
        places = np.indices(image.shape[:2]) + self._draw_field(image.shape[:2], rng)
        channels = image.reshape(*image.shape[:2], -1)
        moved = [
            map_coordinates(channels[..., c], places, order=1, mode="nearest")
            for c in range(channels.shape[2])
        ]
        return np.stack(moved, axis=-1).reshape(image.shape)

    def _draw_field(self, shape, rng):
        """Draw displacements along rows and columns in pixels, (2, H, W)."""
        side = min(shape)
        field = np.empty((2, *shape))
        for axis in range(2):
            waves = rfft2(rng.standard_normal(shape))
            waves = fourier_gaussian(waves, self.smoothness * side, n=shape[1])
            field[axis] = irfft2(waves, s=shape)
        largest = np.abs(field).max(axis=(1, 2), keepdims=True)
        return field * (self.displacement * side / largest)
