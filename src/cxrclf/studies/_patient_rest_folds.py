"""Folds by patient with a limited training set and a test set of all others."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedGroupKFold

from cxrclf._utils.groups import index_patients
from cxrclf.audit import find_duplicates, link_groups
from cxrclf.studies._limited_training import LimitedTraining


class PatientRestFolds(BaseEstimator):
    """Folds by patient: a limited training set, and all other patients as test set.

    The images of the rare class are divided into `n_splits` parts, and each part is
    tested once. A fold trains on the other parts and on a random choice of the frequent
    classes. All patients without a training image are tested, so an image of a frequent
    class may be tested in several folds. Images of training patients that no fold needs
    are not used.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    training : dict of label to int
        Number of training images of each frequent class for `n_rare` images of the rare
        class. It is scaled to the number of images of the rare class in y.
    n_rare : int
        Number of images of the rare class that the numbers in `training` belong to.
    duplicates : {"find", None}, default="find"
        Whether to search for copies of images, which then remain in one part of a fold.
    random_state : int, default=0
        Seed of the folds and of the chosen patients.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.studies._patient_rest_folds import PatientRestFolds
    >>> y = np.repeat(["covid", "normal"], [10, 400])
    >>> folds = PatientRestFolds(training={"normal": 20}, n_rare=2, duplicates=None)
    >>> for train, test in folds.split(None, y):
    ...     print(*(np.bincount(y[rows] == "covid") for rows in (train, test)))
    [100   8] [300   2]
    [100   8] [300   2]
    [100   8] [300   2]
    [100   8] [300   2]
    [100   8] [300   2]
    """

    def __init__(
        self, n_splits=5, *, training, n_rare, duplicates="find", random_state=0
    ):
        self.n_splits = n_splits
        self.training = training
        self.n_rare = n_rare
        self.duplicates = duplicates
        self.random_state = random_state

    def split(self, X, y, groups=None):
        """Generate the row numbers of the training and test images of each fold.

        Parameters
        ----------
        X : array-like of length n, or None
            Images. They are used to find copies only.
        y : array-like of shape (n,)
            Class of each image.
        groups : array-like of shape (n,), default=None
            Patient id of each image. None stands for one image per patient.

        Yields
        ------
        train, test : ndarray of int
            Sorted row numbers.
        """
        limited = LimitedTraining(y, self.training, self.n_rare)
        patients = index_patients(groups, len(limited.y))
        if self.duplicates == "find":
            patients = link_groups(patients, find_duplicates(X))
        everything = np.arange(len(patients))
        folds = StratifiedGroupKFold(
            self.n_splits, shuffle=True, random_state=self.random_state
        )
        splits = folds.split(everything, limited.y, patients)
        for number, (rest, _) in enumerate(splits, start=1):
            rng = np.random.default_rng([self.random_state, number])
            train = []
            for name, rows in limited.rows.items():
                rows = np.intersect1d(rows, rest)
                if name != limited.rare:
                    n = limited.scale(self.training[name])
                    rows = _draw_patients(rows, patients, n, rng)
                train.append(rows)
            train = np.sort(np.concatenate(train))
            test = everything[~np.isin(patients, patients[train])]
            yield train, test

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return self.n_splits


def _draw_patients(rows, patients, n, rng):
    """Draw all rows of some patients: at most `n` rows, but at least one patient."""
    found, sizes = np.unique(patients[rows], return_counts=True)
    drawn, total = [], 0
    for i in rng.permutation(len(found)):
        if not drawn or total + sizes[i] <= n:
            drawn.append(found[i])
            total += sizes[i]
    return rows[np.isin(patients[rows], drawn)]
