"""ElasticGenerator: smooth deformations of images of a class."""

from numbers import Real

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from sklearn.utils._param_validation import Interval

from cxrclf.generation._class_generator import ClassGenerator


class ElasticGenerator(ClassGenerator):
    """Generate smooth deformations of images of a class [1]_, without training.

    Each pixel of a new image comes from a displaced place of a random image of the
    class. The displacements are normal noise, smoothed by a Gaussian filter, and scaled
    to a largest displacement. Places outside the image have the value of the border.
    Compare it with a generator that learns, such as :class:`CycleGANGenerator`.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    displacement : float, default=0.03
        Largest displacement along an axis, as a fraction of the shorter side.
    smoothness : float, default=0.1
        Standard deviation of the Gaussian filter, as a fraction of the shorter side.
        With less than twice the displacement, a deformation may fold the image.
    image_size : int or (int, int), default=224
        Height and width of images from files, in pixels, or one int for square images.
        Images in arrays keep their size.
    cache_dir : path-like or None, default=None
        Folder of decoded files for later runs. None removes them at the end of the
        process.

    See Also
    --------
    MixupGenerator : Mixtures of two images.
    cxrclf.sampling.AugmentedOverSampler : Rotated, shifted and scaled copies.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional
       neural networks applied to visual document analysis", ICDAR 2003.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import ElasticGenerator
    >>> data = make_chest_radiographs(6, image_size=32, random_state=0)
    >>> generator = ElasticGenerator().fit(data.images, data.target)
    >>> generator.sample(4, "covid", random_state=0).shape
    (4, 32, 32)
    """

    _parameter_constraints = {
        **ClassGenerator._parameter_constraints,
        "displacement": [Interval(Real, 0, 1, closed="left")],
        "smoothness": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self, displacement=0.03, smoothness=0.1, *, image_size=224, cache_dir=None
    ):
        self.displacement = displacement
        self.smoothness = smoothness
        self.image_size = image_size
        self.cache_dir = cache_dir

    def fit(self, X, y):
        """Store the images of each class. Files are decoded.

        Parameters
        ----------
        X : array-like of length n
            Paths, or images of shape (n, H, W) or (n, H, W, C).
        y : array-like of shape (n,)
            Labels of the images.

        Returns
        -------
        self : ElasticGenerator

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        ValueError
            If a parameter, X or y is invalid, or X has flat rows.
        """
        super().fit(X, y)
        if self._values is not None and self._values.ndim == 2:
            del self._rows
            raise ValueError(
                "X has flat rows, which cannot be deformed. Pass images of shape "
                "(n, H, W)."
            )
        return self

    def source_rows(self, n_samples, label, random_state):
        """Return the rows of X from which `sample` makes its images.

        Parameters
        ----------
        n_samples, label, random_state
            As in :meth:`sample`.

        Returns
        -------
        ndarray of shape (n_samples,) of int
            Row of X in `fit` for each generated image.
        """
        rows = self._find_rows(label)
        return np.array(
            [
                np.random.default_rng([int(random_state), k]).choice(rows)
                for k in range(n_samples)
            ]
        )

    def _make(self, rows, rng):
        image = self._take([rng.choice(rows)])[0].astype(float)
        shape = image.shape[:2]
        field = draw_field(shape, self.displacement, self.smoothness, rng)
        places = np.indices(shape) + field
        channels = image[..., None] if image.ndim == 2 else image
        moved = [
            map_coordinates(channel, places, order=1, mode="nearest")
            for channel in np.moveaxis(channels, -1, 0)
        ]
        return np.stack(moved, axis=-1).reshape(image.shape)


def draw_field(shape, displacement, smoothness, rng):
    """Draw a smooth field of displacements.

    Parameters
    ----------
    shape : (int, int)
    displacement, smoothness : float
        As in :class:`ElasticGenerator`.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (2, H, W)
        Displacements along rows and columns, in pixels.
    """
    side = min(shape)
    noise = rng.standard_normal((2, *shape))
    field = np.stack([gaussian_filter(part, smoothness * side) for part in noise])
    largest = abs(field).max(axis=(1, 2), keepdims=True)
    return field / np.maximum(largest, np.finfo(float).tiny) * displacement * side
