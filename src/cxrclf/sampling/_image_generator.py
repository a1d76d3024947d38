"""What makes new images of a class."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator


class ImageGenerator(BaseEstimator, ABC):
    """Base of generators: learn from training images, then make new ones of a class.

    What :class:`GenerativeOverSampler` needs, in two methods. It calls `fit` once with
    the samples of all classes, so that a generator can learn to turn images of one
    class into another, and then `sample` for each class that lacks samples. Within a
    pipeline of imbalanced-learn all of it happens inside the training fold.

    An object that has both methods need not be a subclass.

    See Also
    --------
    GenerativeOverSampler : The sampler that uses it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.utils import check_random_state
    >>> from cxrclf.sampling import GenerativeOverSampler, ImageGenerator
    >>> class Blend(ImageGenerator):
    ...     def fit(self, X, y):
    ...         self.images_ = {label: X[y == label] for label in np.unique(y)}
    ...         return self
    ...     def sample(self, n_samples, label, random_state):
    ...         rng, images = check_random_state(random_state), self.images_[label]
    ...         pairs = rng.randint(len(images), size=(2, n_samples))
    ...         return (images[pairs[0]] + images[pairs[1]]) / 2
    >>> images = np.random.default_rng(0).random((6, 32, 32))
    >>> sampler = GenerativeOverSampler(Blend(), random_state=0)
    >>> X, y = sampler.fit_resample(images, [0, 0, 0, 0, 1, 1])
    >>> X.shape
    (8, 32, 32)
    """

    @abstractmethod
    def fit(self, X, y):
        """Learn from training samples.

        Parameters
        ----------
        X : array-like of length n
            All training samples, in the form in which the sampler got them: images of
            shape (n, H, W) or (n, H, W, C), flat rows of shape (n, F), or paths.
            :class:`~cxrclf.images.ImageReader` reads paths in all their forms.
        y : ndarray of shape (n,)
            Their labels.

        Returns
        -------
        self : object
            The generator.
        """

    @abstractmethod
    def sample(self, n_samples, label, random_state):
        """Make new images of a class.

        Parameters
        ----------
        n_samples : int
            How many, at least 1.
        label : object
            The class, one of the labels in the y of `fit`.
        random_state : int
            The same int gives the same images.

        Returns
        -------
        ndarray of shape (n_samples, H, W), (n_samples, H, W, C) or (n_samples, F)
            Samples of the type and shape of those in X. When X holds paths: grey
            images of any size, uint8 or uint16.
        """
