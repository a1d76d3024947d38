"""Random folds by image with the sizes of a published table."""

import numpy as np
from sklearn.base import BaseEstimator


class ImageTableFolds(BaseEstimator):
    """Folds by image with published numbers of images per class and part.

    The numbers are scaled to the number of images of a class in y. No image is tested
    in two folds. Patients are ignored, which makes scores too good.

    Parameters
    ----------
    sizes : dict of label to (int, int, int)
        Published number of training, validation and test images of each class. It may
        have more classes than y.
    n_splits : int, default=4
        Number of folds.
    random_state : int, default=0
        Seed of the choice of images.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.studies._image_table_folds import ImageTableFolds
    >>> y = np.repeat(["covid", "other"], [108, 553])
    >>> folds = ImageTableFolds({"covid": (88, 9, 11), "other": (906, 90, 110)})
    >>> for parts in folds.split(None, y):
    ...     print(*(np.bincount(y[rows] == "covid") for rows in parts))
    [453  88] [55 11] [45  9]
    [453  88] [55 11] [45  9]
    [453  88] [55 11] [45  9]
    [453  88] [55 11] [45  9]
    """

    def __init__(self, sizes, n_splits=4, *, random_state=0):
        self.sizes = sizes
        self.n_splits = n_splits
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
            Sorted row numbers.

        Raises
        ------
        ValueError
            If y has a class without sizes, or too few images of a class.
        """
        y = np.asarray(y)
        rng = np.random.default_rng(self.random_state)
        classes = [
            self._check_class(name, rng.permutation(np.flatnonzero(y == name)))
            for name in np.unique(y).tolist()
        ]
        for number in range(self.n_splits):
            rng = np.random.default_rng([self.random_state, number])
            parts = [], [], []
            for rows, n_test, n_valid in classes:
                test = rows[number * n_test : (number + 1) * n_test]
                rest = rng.permutation(np.setdiff1d(rows, test))
                for part, chosen in zip(
                    parts, (rest[n_valid:], test, rest[:n_valid]), strict=True
                ):
                    part.append(chosen)
            yield tuple(np.sort(np.concatenate(part)) for part in parts)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return self.n_splits

    def _check_class(self, name, rows):
        """Return the rows of a class and its numbers of test and validation images."""
        if name not in self.sizes:
            raise ValueError(
                f"y has the class {name!r}, and these folds have sizes for "
                f"{list(self.sizes)} only. Rename the classes of y, or pass a "
                "label_map to the run of a study."
            )
        n_train, n_valid, n_test = self.sizes[name]
        total = n_train + n_valid + n_test
        n_test = max(1, round(len(rows) * n_test / total))
        n_valid = max(1, round(len(rows) * n_valid / total))
        if self.n_splits * n_test > len(rows) or n_test + n_valid >= len(rows):
            raise ValueError(
                f"Class {name!r} has {len(rows)} images, too few for {self.n_splits} "
                "folds with a validation set. Add images, or use fewer folds."
            )
        return rows, n_test, n_valid
