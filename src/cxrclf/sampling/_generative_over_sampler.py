"""Oversampling with images that a generator makes."""

import os
from pathlib import Path

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from PIL import Image
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods

from cxrclf._utils.files import remove_abandoned, replaced_whole
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.session import UsesSession, session_folder
from cxrclf.images import content_key
from cxrclf.sampling._row_resampler import RowResampler, seeded_clone


class GenerativeOverSampler(UsesSession, RowResampler, BaseOverSampler):
    """Add images that a generator makes to the rarer classes.

    A copy of the generator is fitted on the X and y that are resampled, and asked for
    as many images of each class as that class lacks. They come after the rows of X,
    which stay as they are. In a pipeline of imbalanced-learn the generator sees the
    training fold alone, and no image that it made is in the fold that is scored.

    Parameters
    ----------
    generator : ImageGenerator
        Or any object with its methods ``fit(X, y)`` and
        ``sample(n_samples, label, random_state)``. A `random_state` that it has at
        None is drawn from that of the sampler.
    sampling_strategy : float, str, dict or callable, default="auto"
        How many images to add, as in imbalanced-learn's `RandomOverSampler`; "auto"
        makes all classes as large as the largest.
    random_state : int, RandomState instance or None, default=None
        Decides what is generated; an int gives the same result each time, if the
        generator does.
    cache_dir : str or Path, default=None
        Where generated images are kept, in a folder `generated`, when X holds paths.
        With None they are kept until the process ends.

    Attributes
    ----------
    generator_ : object
        The fitted copy of `generator`.
    sampling_strategy_ : dict
        How many images were added to each class.
    n_features_in_ : int
        Columns of X, where X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X is a data frame.

    See Also
    --------
    ImageGenerator : What a generator does, and a base for your own.
    AugmentedOverSampler : Transformed copies, with nothing to learn.

    Notes
    -----
    A validation set that the classifier holds out of the resampled rows
    (`validation_fraction`) has generated images too, made from images of the training
    part: give a validation set of your own (`X_val`) instead.

    When X holds paths, generated images are written as lossless PNG files that are
    named by their content, and their paths are appended: the rest of a pipeline from
    paths is as before. The sampler opens no file of X; the generator does. The other
    columns of a data frame are missing values in the added rows.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.sampling import GenerativeOverSampler, ImageGenerator
    >>> class Noise(ImageGenerator):
    ...     def fit(self, X, y):
    ...         self.shape_ = X.shape[1:]
    ...         return self
    ...     def sample(self, n_samples, label, random_state):
    ...         rng = np.random.default_rng(random_state)
    ...         return rng.integers(0, 256, (n_samples, *self.shape_), dtype=np.uint8)
    >>> images = np.zeros((6, 32, 32), dtype=np.uint8)
    >>> sampler = GenerativeOverSampler(Noise(), random_state=0)
    >>> X, y = sampler.fit_resample(images, [0, 0, 0, 0, 1, 1])
    >>> X.shape, y
    ((8, 32, 32), [0, 0, 0, 0, 1, 1, 1, 1])
    """

    _parameter_constraints = {
        "generator": [HasMethods(["fit", "sample"])],
        **BaseOverSampler._parameter_constraints,
        "cache_dir": [None, str, Path],
    }

    def __init__(
        self,
        generator,
        *,
        sampling_strategy="auto",
        random_state=None,
        cache_dir=None,
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.random_state = random_state
        self.cache_dir = cache_dir

    def _check_inputs(self, X, y):
        checked = super()._check_inputs(X, y)
        if isinstance(self.generator, type):
            raise TypeError(
                f"generator is the class {self.generator.__name__}; pass an object: "
                f"{self.generator.__name__}(...)."
            )
        if self.cache_dir is not None and os.path.isfile(self.cache_dir):
            raise ValueError(
                f"cache_dir must be a folder, and {self.cache_dir} is a file."
            )
        return checked

    def _fit_resample(self, images, y, drawn):
        rng = check_random_state(draw_seed(self.random_state))
        self.generator_ = seeded_clone(self.generator, rng)
        self.generator_.fit(images.X, check_target_type(np.asarray(y)))
        parts = [images.paths[:0] if images.values is None else images.values[:0]]
        for label, n_samples in self.sampling_strategy_.items():
            seed = rng.randint(2**31 - 1)
            if n_samples:
                new = self.generator_.sample(int(n_samples), label, seed)
                parts.append(self._as_rows(np.asarray(new), int(n_samples), images))
        return images.append(np.concatenate(parts))

    def _as_rows(self, new, n_samples, images):
        """Return generated images as values of X: pixels of its type, or paths."""
        maker = type(self.generator_).__name__
        if images.values is None:
            _check_gray(new, n_samples, maker)
            return self._write(new)
        values = images.values
        shape = (n_samples, *values.shape[1:])
        if new.shape != shape:
            raise ValueError(
                f"{maker}.sample must return an array of shape {shape}, like the "
                f"samples in X; got {new.shape}."
            )
        both_float = new.dtype.kind == values.dtype.kind == "f"
        if new.dtype != values.dtype and not both_float:
            raise ValueError(
                f"{maker}.sample must return {values.dtype}, the type of X, whose "
                f"range of pixels it has; got {new.dtype}."
            )
        if both_float and not np.isfinite(new).all():
            raise ValueError(
                f"{maker}.sample returned NaN or infinite pixels. Look for a training "
                "that diverged, or a division by zero."
            )
        return new.astype(values.dtype)

    def _write(self, images):
        root = session_folder() if self.cache_dir is None else Path(self.cache_dir)
        remove_abandoned(root / "generated")
        paths = np.empty(len(images), dtype=object)
        for k, image in enumerate(images):
            path = root / "generated" / f"{content_key(image):016x}.png"
            if not path.exists():
                with replaced_whole(path, sweep=False) as temporary:
                    Image.fromarray(image).save(temporary, format="png")
            paths[k] = str(path)
        return paths


def _check_gray(images, n_samples, maker):
    """Check generated images that are to become files."""
    if images.ndim != 3 or len(images) != n_samples or images.size == 0:
        raise ValueError(
            f"{maker}.sample must return gray images of shape ({n_samples}, H, W) when "
            f"X holds paths; got {images.shape}."
        )
    if images.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"{maker}.sample must return uint8 or uint16 when X holds paths, since "
            f"they are written as PNG files; got {images.dtype}. Scale floats in "
            "[0, 1] with (255 * images).round().astype(np.uint8)."
        )
