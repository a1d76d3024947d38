"""Mixtures of two images of a class."""

from numbers import Real

from sklearn.utils._param_validation import Interval

from cxrclf.generation._class_generator import ClassGenerator


class MixupGenerator(ClassGenerator):
    """Generate mixtures of two images of a class [1]_, without training.

    A new image is λ x₁ + (1 − λ) x₂. The images x₁ and x₂ are two different images of
    the class, and λ is drawn from the distribution Beta(`alpha`, `alpha`). Use the
    generator in a :class:`~cxrclf.sampling.GenerativeOverSampler`. Compare its scores
    with the scores of a generator that learns.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    alpha : float, default=1.0
        Parameter of the Beta distribution of λ, above 0. With 1, all λ in [0, 1] have
        the same probability. With smaller values, most new images are close to one of
        their two sources. With larger values, most new images are close to the mean of
        their sources.
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.

    See Also
    --------
    CycleGANGenerator : Images that are translated from another class.
    ElasticGenerator : Smooth deformations of one image.
    cxrclf.sampling.AugmentedOverSampler : Rotated, shifted and zoomed copies.

    Notes
    -----
    In the paper, the two images may have different classes, and their labels are mixed
    with the same λ. Here both images have the same class, so the label of the new image
    is this class.

    A mixture shows two patients, with two outlines of the ribs and the heart. Repeats
    of an image count as one image. X may also have flat rows (n, F).

    References
    ----------
    .. [1] H. Zhang, M. Cissé, Y. N. Dauphin and D. Lopez-Paz, "mixup: Beyond empirical
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
    >>> X.shape, set(y[20:].tolist())
    ((32, 32, 32), {'covid'})
    """

    _parameter_constraints = {
        **ClassGenerator._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, alpha=1.0, *, image_size=224, cache_dir=None):
        self.alpha = alpha
        self.image_size = image_size
        self.cache_dir = cache_dir

    def _check_class(self, n_images, label):
        if n_images < 2:
            raise ValueError(
                f"The class {label!r} has only one image (repeats count once), and a "
                "mixture needs two. Add images, or use an ElasticGenerator."
            )

    def _draw_rows(self, rows, rng):
        return rng.choice(rows, 2, replace=False)

    def _make(self, images, rng):
        fraction = rng.beta(self.alpha, self.alpha)
        return fraction * images[0] + (1 - fraction) * images[1]
