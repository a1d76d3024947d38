"""Folds by image with a limited training set and a test set of all others."""

import numpy as np
from sklearn.base import BaseEstimator

from cxrclf.studies._limited_training import LimitedTraining


class ImageRestFolds(BaseEstimator):
    """Folds by image: a limited training set, and all other images as test set.

    Patients are ignored, and the validation set is a part of the test set. Both make
    scores too good. :class:`PatientRestFolds` has neither leak.

    All numbers of images belong to `n_rare` images of the rare class. They are scaled
    to the number of images of the rare class in y.

    Parameters
    ----------
    tested : sequence of int
        Number of test images of the rare class in each fold. No image of the rare class
        is tested in two folds.
    training : dict of label to int
        Number of training images of each frequent class. A fold trains at most on the
        fraction of a class that it trains on in the rare class.
    validation : int
        Number of validation images of each frequent class. All test images of the rare
        class are validation images.
    n_rare : int
        Number of images of the rare class that the other numbers belong to.
    random_state : int, default=0
        Seed of the choice of images.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.studies._image_rest_folds import ImageRestFolds
    >>> y = np.repeat(["covid", "normal"], [18, 900])
    >>> folds = ImageRestFolds(
    ...     [31, 30], training={"normal": 2000}, validation=300, n_rare=180)
    >>> for parts in folds.split(None, y):
    ...     print(*(np.bincount(y[rows] == "covid") for rows in parts))
    [200  15] [700   3] [30  3]
    [200  15] [700   3] [30  3]
    """

    def __init__(self, tested, *, training, validation, n_rare, random_state=0):
        self.tested = tested
        self.training = training
        self.validation = validation
        self.n_rare = n_rare
        self.random_state = random_state

    def split(self, X, y, groups=None):
        """Generate the row numbers of the parts of each fold.

        Parameters
        ----------
        X, groups
            Ignored.
        y : array-like of shape (n,)
            Class of each image.

        Yields
        ------
        train, test, valid : ndarray of int
            Sorted row numbers. `valid` is a part of `test`.

        Raises
        ------
        ValueError
            If the images of the rare class are fewer than the folds.
        """
        limited = LimitedTraining(y, self.training, self.n_rare)
        rare = limited.rows[limited.rare]
        sizes = [limited.scale(n) for n in self.tested]
        if sum(sizes) > len(rare):
            raise ValueError(
                f"Class {limited.rare!r} has {len(rare)} images, too few for "
                f"{len(sizes)} folds. Add images, or use fewer folds."
            )
        rng = np.random.default_rng(self.random_state)
        parts = np.split(rng.permutation(rare), np.cumsum(sizes))
        for number, tested in enumerate(parts[: len(sizes)], start=1):
            rng = np.random.default_rng([self.random_state, number])
            train, valid = [np.setdiff1d(rare, tested)], [tested]
            for name, n in self.training.items():
                rows = rng.permutation(limited.rows[name])
                most = len(rows) * len(train[0]) // len(rare)
                n = min(limited.scale(n), most)
                train.append(rows[:n])
                valid.append(rows[n:][: limited.scale(self.validation)])
            train = np.sort(np.concatenate(train))
            test = np.setdiff1d(np.arange(len(limited.y)), train)
            yield train, test, np.sort(np.concatenate(valid))

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return len(self.tested)
