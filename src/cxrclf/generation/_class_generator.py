"""ClassGenerator: base class of generators that change images of a class."""

import os
from abc import abstractmethod
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.session import UsesSession
from cxrclf.images import ImageInput
from cxrclf.sampling import ImageGenerator


class ClassGenerator(UsesSession, ImageGenerator):
    """Base class of generators that change images of the generated class itself.

    A subclass has the parameters `image_size` and `cache_dir`, and implements
    ``_make``.
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
            Paths, images of shape (n, H, W) or (n, H, W, C), or flat rows (n, F).
        y : array-like of shape (n,)
            Labels of the images.

        Returns
        -------
        self : ImageGenerator

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        ValueError
            If a parameter, X or y is invalid.
        """
        self._validate_params()
        size = check_image_size(self.image_size)
        images = ImageInput.from_X(X)
        y = check_labels(y, owner=type(self).__name__)
        check_label_count("y", len(y), len(images))
        opened = None
        if images.values is None:
            opened = images.open(size, cache_dir=self.cache_dir)
        self._values, self._opened = images.values, opened
        self._rows = {
            label: np.flatnonzero(y == label) for label in np.unique(y).tolist()
        }
        return self

    def sample(self, n_samples, label, random_state):
        """Generate new images of a class.

        Parameters
        ----------
        n_samples : int
            Number of images, at least 1.
        label : label
            A class of `fit`.
        random_state : int
            Seed of the images. The same int gives the same images, and more images
            begin with the same ones.

        Returns
        -------
        ndarray of shape (n_samples, H, W), (n_samples, H, W, C) or (n_samples, F)
            Images of the type and shape of the samples in X. If X holds paths, gray
            images at `image_size`, of uint8 or uint16.

        Raises
        ------
        ValueError
            If the class is unknown or has too few images.
        """
        rows = self._find_rows(label)
        first = self._take(rows[:1])
        new = np.empty((n_samples, *first.shape[1:]), first.dtype)
        for k in range(n_samples):
            rng = np.random.default_rng([int(random_state), k])
            made = self._make(rows, rng)
            new[k] = np.rint(made) if new.dtype.kind in "ui" else made
        return new

    @abstractmethod
    def _make(self, rows, rng):
        """Return a new image as floats, in the range of the pixels of X.

        Parameters
        ----------
        rows : ndarray of int
            Rows of the class in X.
        rng : numpy.random.Generator
        """

    def _find_rows(self, label):
        check_is_fitted(self, "_rows")
        if label not in self._rows:
            raise ValueError(
                f"There is no class {label!r}. The classes of fit are "
                f"{list(self._rows)}."
            )
        return self._rows[label]

    def _take(self, rows):
        """Return rows of X as pixels."""
        if self._values is not None:
            return self._values[rows]
        return self._opened.gather(np.asarray(rows))

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_rows")
