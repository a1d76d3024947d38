"""Size of the training set that the images of a rare class allow."""

import numpy as np


class LimitedTraining:
    """Number of training images per class, in the proportions of a publication.

    Parameters
    ----------
    y : array-like of shape (n,)
        Class of each image.
    training : dict of label to int
        Published number of training images of each frequent class. The only other
        class in y is the rare class.
    n_rare : int
        Published number of images of the rare class in the whole data set.

    Attributes
    ----------
    y : ndarray of shape (n,)
        Class of each image.
    rare : label
        Rare class.
    rows : dict of label to ndarray of int
        Rows of each class.

    Raises
    ------
    ValueError
        If a frequent class is missing, or if there is not exactly one other class.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.studies._limited_training import LimitedTraining
    >>> y = np.repeat(["covid", "normal"], [18, 900])
    >>> limited = LimitedTraining(y, {"normal": 2000}, n_rare=180)
    >>> limited.rare, limited.scale(2000)
    ('covid', 200)
    """

    def __init__(self, y, training, n_rare):
        self.y = np.asarray(y)
        names = np.unique(self.y).tolist()
        missing = [name for name in training if name not in names]
        others = [name for name in names if name not in training]
        if missing or len(others) != 1:
            raise ValueError(
                f"These folds need the classes {list(training)} and a rare class, but "
                f"y has the classes {names}. Rename the classes of y, or pass a "
                "label_map to the run of a study."
            )
        self.rare = others[0]
        self.rows = {name: np.flatnonzero(self.y == name) for name in names}
        self._n_rare = n_rare

    def scale(self, n):
        """Scale a published number of images to the size of the rare class in y.

        Parameters
        ----------
        n : int
            Published number of images.

        Returns
        -------
        int
            Number of images, at least 1.
        """
        return max(1, round(n * len(self.rows[self.rare]) / self._n_rare))
