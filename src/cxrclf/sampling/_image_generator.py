"""Base class of image generators."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator


class ImageGenerator(BaseEstimator, ABC):
    """Base class of generators, which learn from images and generate new images.

    :class:`GenerativeOverSampler` first calls `fit` with the samples of all classes. A
    generator can therefore learn to convert images of one class to another class. Then
    the sampler calls `sample` for each class with missing samples. In a pipeline of
    imbalanced-learn the generator sees only the training fold.

    Any object with both methods is a generator. It does not need to be a subclass. Two
    things are optional. If `fit` has a parameter `labels`, the sampler passes the
    classes with missing samples. If there is a method ``source_rows(n_samples, label,
    random_state)``, the sampler stores the rows of X that it returns.

    See Also
    --------
    GenerativeOverSampler : Sampler that uses a generator.
    cxrclf.generation.CycleGANGenerator : Generator that learns from other classes.
    cxrclf.generation.MixupGenerator : Generator without training.

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
            All training samples, in the form that was passed to the sampler: images
            of shape (n, H, W) or (n, H, W, C), flat rows of shape (n, F), or paths. Use
            :class:`~cxrclf.images.ImageReader` to read paths in any form.
        y : ndarray of shape (n,)
            Labels of the samples.

        Returns
        -------
        self : ImageGenerator
        """

    @abstractmethod
    def sample(self, n_samples, label, random_state):
        """Generate new images of a class.

        Parameters
        ----------
        n_samples : int
            Number of images, at least 1.
        label : object
            Label of the class, one of the labels in `fit`.
        random_state : int
            Seed of the images. The same int should give the same images.

        Returns
        -------
        ndarray of shape (n_samples, H, W), (n_samples, H, W, C) or (n_samples, F)
            Samples with the type and shape of the samples in X. If X holds paths, gray
            images of any size, of uint8 or uint16.
        """
