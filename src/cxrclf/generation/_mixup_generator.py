"""MixupGenerator: mixtures of two images of a class."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from cxrclf.generation._class_generator import ClassGenerator


class MixupGenerator(ClassGenerator):
    """Generate mixtures of two images of a class [1]_, without training.

    A new image is λ x + (1 − λ) x', with two different images x and x' of the class and
    λ from Beta(`alpha`, `alpha`). Compare it with a generator that learns, such as
    :class:`CycleGANGenerator`.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    alpha : float, default=1.0
        Parameter of the Beta distribution. With 1 all mixtures are equally likely. With
        smaller values most new images resemble one of the two images.
    image_size : int or (int, int), default=224
        Height and width of images from files, in pixels, or one int for square images.
        Images in arrays keep their size.
    cache_dir : path-like or None, default=None
        Folder of decoded files for later runs. None removes them at the end of the
        process.

    See Also
    --------
    ElasticGenerator : Smooth deformations of images.

    References
    ----------
    .. [1] H. Zhang, M. Cissé, Y. N. Dauphin, D. Lopez-Paz, "mixup: beyond empirical
       risk minimization", ICLR 2018, arXiv:1710.09412.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import MixupGenerator
    >>> from cxrclf.sampling import GenerativeOverSampler
    >>> data = make_chest_radiographs(
    ...     20, classes=("covid", "normal"), weights=(0.2, 0.8), image_size=32,
    ...     random_state=0,
    ... )
    >>> sampler = GenerativeOverSampler(MixupGenerator(), random_state=0)
    >>> X, y = sampler.fit_resample(data.images, data.target)
    >>> X.shape, sorted(set(y))
    ((32, 32, 32), ['covid', 'normal'])
    """

    _parameter_constraints = {
        **ClassGenerator._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, alpha=1.0, *, image_size=224, cache_dir=None):
        self.alpha = alpha
        self.image_size = image_size
        self.cache_dir = cache_dir

    def _find_rows(self, label):
        rows = super()._find_rows(label)
        if len(rows) < 2:
            raise ValueError(
                f"The class {label!r} has one image, and a mixture needs two. Use an "
                "ElasticGenerator or an AugmentedOverSampler."
            )
        return rows

    def _make(self, rows, rng):
        first, second = self._take(rng.choice(rows, 2, replace=False)).astype(float)
        factor = rng.beta(self.alpha, self.alpha)
        return np.asarray(factor * first + (1 - factor) * second)
