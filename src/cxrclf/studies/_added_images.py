"""Sampling strategy that adds images to one class."""

import numpy as np
from sklearn.base import BaseEstimator


class AddedImages(BaseEstimator):
    """Sampling strategy that adds a number of images to one class.

    Pass it as `sampling_strategy` of an oversampler.

    Parameters
    ----------
    label : label
        Class that gets the images.
    n_images : int
        Number of images to add.

    Examples
    --------
    >>> from cxrclf.studies._added_images import AddedImages
    >>> AddedImages("covid", 100)(["covid", "normal", "covid"])
    {'covid': 102}
    """

    def __init__(self, label, n_images):
        self.label = label
        self.n_images = n_images

    def __call__(self, y):
        """Return the number of images that the class has after sampling.

        Parameters
        ----------
        y : array-like of shape (n,)
            Classes before sampling.

        Returns
        -------
        dict
            The number by the class.
        """
        return {self.label: int(np.sum(np.asarray(y) == self.label)) + self.n_images}
