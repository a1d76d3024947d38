"""Oversampling with generated images."""

import os
from inspect import signature
from pathlib import Path

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from PIL import Image
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods

from cxrclf._utils.files import remove_abandoned, replace_file
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.session import UsesSession, session_folder
from cxrclf.images import content_key
from cxrclf.sampling._row_resampler import RowResampler, seeded_clone


class GenerativeOverSampler(UsesSession, RowResampler, BaseOverSampler):
    """Oversample the rare classes with generated images.

    The sampler fits a copy of the generator on X and y, and generates the missing
    images of each class. The new rows follow the rows of X, which are not changed. In a
    pipeline of imbalanced-learn the generator sees only the training fold, so no test
    fold has generated images.

    Parameters
    ----------
    generator : ImageGenerator
        Generator of images: an ImageGenerator, or any object with the methods
        ``fit(X, y)`` and ``sample(n_samples, label, random_state)``. If its
        `random_state` is None, it is drawn from the `random_state` of the sampler. If
        its `fit` has a third parameter `labels`, it gets the classes with missing
        images.
    sampling_strategy : float, str, dict or callable, default="auto"
        Number of images to add per class, as in imbalanced-learn's `RandomOverSampler`.
        "auto" makes all classes as large as the largest class.
    random_state : int, RandomState instance or None, default=None
        Random state of the generated images. Pass an int for the same result in each
        call, if the generator is deterministic.
    cache_dir : str or Path, default=None
        Folder for the subfolder `generated` with the generated images, if X holds
        paths. With None generated images are deleted when the process ends.

    Attributes
    ----------
    generator_ : object
        Fitted copy of `generator`.
    sampling_strategy_ : dict
        Number of added images per class.
    source_indices_ : ndarray of shape (n_added,) of int
        Row of X from which each added image was generated, if the generator has a
        method ``source_rows(n_samples, label, random_state)``, or else -1.
    n_features_in_ : int
        Number of columns of X, if X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame.

    See Also
    --------
    ImageGenerator : Base class of generators.
    AugmentedOverSampler : Transformed copies, without training.

    Notes
    -----
    A classifier may hold out a validation set from the resampled rows
    (`validation_fraction`). This validation set has generated images, and the generator
    has learned from its images. Pass your own validation set (`X_val`) instead.

    If X holds paths, generated images are written as lossless PNG files, and their
    paths are appended to X. The files are named by their content. Only the generator
    opens the files of X. The added rows have missing values in the other columns of a
    data frame.

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
                f"cache_dir must be a folder, but {self.cache_dir} is a file. Pass the "
                "path of a folder."
            )
        return checked

    def _fit_resample(self, images, y, drawn):
        rng = check_random_state(draw_seed(self.random_state))
        self.generator_ = seeded_clone(self.generator, rng)
        self._fit_generator(images.X, check_target_type(np.asarray(y)))
        parts = [images.paths[:0] if images.values is None else images.values[:0]]
        rows = [np.empty(0, dtype=int)]
        for label, n_samples in self.sampling_strategy_.items():
            seed = rng.randint(2**31 - 1)
            if n_samples:
                request = int(n_samples), label, seed
                new = self.generator_.sample(*request)
                parts.append(self._convert(np.asarray(new), int(n_samples), images))
                rows.append(self._find_source_rows(*request))
        self.source_indices_ = np.concatenate(rows)
        return images.append(np.concatenate(parts))

    def _fit_generator(self, X, y):
        """Fit the generator, which may learn only the classes to generate."""
        wanted = {}
        names = list(signature(self.generator_.fit).parameters)
        # Not the name of y in a fit(images, labels).
        if "labels" in names[2:]:
            strategy = self.sampling_strategy_
            wanted["labels"] = [label for label, n in strategy.items() if n]
            if not wanted["labels"]:
                return
        self.generator_.fit(X, y, **wanted)

    def _find_source_rows(self, n_samples, label, seed):
        """Return the rows of X from which images are generated, or -1 if unknown."""
        if not hasattr(self.generator_, "source_rows"):
            return np.full(n_samples, -1)
        return self.generator_.source_rows(n_samples, label, seed)

    def _convert(self, new, n_samples, images):
        """Check generated images, and convert them to pixels or paths, as in X."""
        name = type(self.generator_).__name__
        if images.values is None:
            _check_gray(new, n_samples, name)
            return self._write(new)
        values = images.values
        shape = (n_samples, *values.shape[1:])
        if new.shape != shape:
            raise ValueError(
                f"{name}.sample must return an array of shape {shape}, like the "
                f"samples in X; got {new.shape}."
            )
        both_float = new.dtype.kind == values.dtype.kind == "f"
        if new.dtype != values.dtype and not both_float:
            raise ValueError(
                f"{name}.sample must return {values.dtype}, the type of X, with the "
                f"same range of pixels; got {new.dtype}."
            )
        if both_float and not np.isfinite(new).all():
            raise ValueError(
                f"{name}.sample returned NaN or infinite pixels. Check whether its "
                "training diverged, or whether it divides by zero."
            )
        return new.astype(values.dtype)

    def _write(self, images):
        """Write images to PNG files, and return their paths."""
        root = session_folder() if self.cache_dir is None else Path(self.cache_dir)
        remove_abandoned(root / "generated")
        paths = np.empty(len(images), dtype=object)
        for k, image in enumerate(images):
            # An equal image has the same name, so it is written only once.
            path = root / "generated" / f"{content_key(image):016x}.png"
            if not path.exists():
                with replace_file(path, sweep=False) as temporary:
                    Image.fromarray(image).save(temporary, format="png")
            paths[k] = str(path)
        return paths


def _check_gray(images, n_samples, name):
    """Check generated images before they are written to files."""
    if images.ndim != 3 or len(images) != n_samples or images.size == 0:
        raise ValueError(
            f"{name}.sample must return gray images of shape ({n_samples}, H, W) if "
            f"X holds paths; got {images.shape}."
        )
    if images.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"{name}.sample must return uint8 or uint16 if X holds paths, because the "
            f"images are written to PNG files; got {images.dtype}. Convert floats in "
            "[0, 1] with (255 * images).round().astype(np.uint8)."
        )
