"""Base class of the generators that change images of the generated class itself."""

import os
from abc import abstractmethod
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.session import UsesSession
from cxrclf.generation._pixel_type import find_type
from cxrclf.images import ArrayImages, ImageInput
from cxrclf.sampling import ImageGenerator


class ClassGenerator(UsesSession, ImageGenerator):
    """Base class of generators that change images of the generated class itself.

    A subclass has the parameters of ``_parameter_constraints`` and implements
    ``_draw_rows(rows, rng)`` and ``_make(images, rng)``. It may override
    ``_check_class(n_images, label)`` and ``_check_images(images)``.
    """

    _parameter_constraints = {
        "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "cache_dir": [str, os.PathLike, None],
    }

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
        self : ImageGenerator

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them.
        ValueError
            If a parameter, X or y is invalid.
        """
        self._validate_params()
        size = check_image_size(self.image_size)
        images = ImageInput.from_X(X, estimator=self)
        y = check_labels(y, owner=type(self).__name__)
        check_label_count("y", len(y), len(images))
        self._check_images(images)
        opened = (
            images.open(size, cache_dir=self.cache_dir)
            if images.values is None
            else ArrayImages(images.values)
        )
        self._images, self._dtype = opened, find_type(opened)
        self._rows = {
            label: _drop_repeats(np.flatnonzero(y == label), opened.keys)
            for label in np.unique(y).tolist()
        }
        return self

    def sample(self, n_samples, label, random_state):
        """Generate new images of a class.

        Parameters
        ----------
        n_samples : int
            Number of images, at least 1.
        label : label
            Class of the images, one of the labels in `fit`.
        random_state : int, RandomState instance or None
            Random state of the images. The same int gives the same images. The first
            images do not depend on `n_samples`.

        Returns
        -------
        ndarray of shape (n_samples, H, W) or (n_samples, H, W, C)
            Images of the type and shape of the images in X. If X holds paths, gray
            images at `image_size`, of uint8, or of uint16 if a file of `fit` has more
            than 8 bits per pixel.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If the class is unknown or has too few images.
        """
        new = None
        for k, (rows, rng) in enumerate(self._draw(n_samples, label, random_state)):
            images = self._images.gather(rows)
            if images.dtype != self._dtype:  # 8-bit files beside 16-bit files
                images = images.astype(self._dtype) * 257
            made = self._make(images.astype(float), rng)
            # Rounding may leave the range of the sources by a last bit.
            made = made.clip(images.min(), images.max())
            if new is None:
                new = np.empty((n_samples, *images.shape[1:]), images.dtype)
            new[k] = made if new.dtype.kind == "f" else np.rint(made)
        return new

    def _draw(self, n_samples, label, random_state):
        """Yield the rows of the sources, and a random generator, for each new image."""
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        labels = list(self._rows)
        if label not in labels:
            raise ValueError(
                f"The generator makes images of the classes {labels}, not of "
                f"{label!r}. Call fit with images of this class."
            )
        rows = self._rows[label]
        self._check_class(len(rows), label)
        seed = draw_seed(random_state)
        for k in range(n_samples):
            rng = np.random.default_rng([seed, labels.index(label), k])
            yield self._draw_rows(rows, rng), rng

    def _check_images(self, images):
        """Check the images of `fit`, an ImageInput."""

    def _check_class(self, n_images, label):
        """Check the number of different images in the class."""

    @abstractmethod
    def _draw_rows(self, rows, rng):
        """Draw the sources of a new image.

        Parameters
        ----------
        rows : ndarray of shape (m,) of int
            Rows of the different images of the class.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (k,) of int
        """

    @abstractmethod
    def _make(self, images, rng):
        """Return a new image in the range of its sources, as floats.

        Parameters
        ----------
        images : ndarray of shape (k, H, W), (k, H, W, C) or (k, F) of float
            Sources, in the range of X.
        rng : numpy.random.Generator
        """

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_rows")


def _drop_repeats(rows, keys):
    """Return the first row of each image, in order."""
    _, first = np.unique(keys[rows], return_index=True)
    return rows[np.sort(first)]
