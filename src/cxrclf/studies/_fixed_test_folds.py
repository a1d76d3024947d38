"""Folds inside a training part, with one test part for all of them."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils import indexable

from cxrclf.audit import StratifiedPatientKFold, find_duplicates, link_groups

_N_PARTS = 5  # of which one is the test part


class FixedTestFolds(BaseEstimator):
    """Folds inside a training part, with one test part for all of them.

    A fifth of the images is the test part. The other images are divided into folds. In
    each fold, one of them validates, and the others train. The test part is the same in
    all folds.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds inside the training part, 2 or more.
    by_patient : bool, default=True
        Whether patients, and copies of an image, are on one side. If False, images are
        drawn at random, stratified by class.
    random_state : int, default=0
        Seed of the test part and of the folds.
    duplicates : "find", DuplicateReport, array-like of shape (n,) or None, \
            default="find"
        Copies among the images, as in :class:`~cxrclf.audit.StratifiedPatientKFold`.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.studies._fixed_test_folds import FixedTestFolds
    >>> y = np.repeat(["covid", "normal"], 50)
    >>> folds = FixedTestFolds(2, duplicates=None)
    >>> [tuple(map(len, rows)) for rows in folds.split(y, y, groups=np.arange(100))]
    [(40, 20, 40), (40, 20, 40)]
    """

    def __init__(
        self, n_splits=5, *, by_patient=True, random_state=0, duplicates="find"
    ):
        self.n_splits = n_splits
        self.by_patient = by_patient
        self.random_state = random_state
        self.duplicates = duplicates

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return self.n_splits

    def split(self, X, y, groups=None):
        """Generate the row numbers of each fold.

        Parameters
        ----------
        X : array-like of length n
            Images. They are read only to find copies.
        y : array-like of shape (n,)
            Class of each image.
        groups : array-like of shape (n,), default=None
            Patient id of each image. By default each image is a patient.

        Yields
        ------
        train, test, valid : ndarray of int
            Sorted row numbers.

        Raises
        ------
        ValueError
            If a class has too few images, or if there are fewer patients than folds.
        """
        X, y, groups = indexable(X, y, groups)
        y = np.asarray(y)
        groups = self._link(X, len(y), groups)
        train, test = self._hold_out(y, groups)
        inner = self._folds(self.n_splits).split(train, y[train], groups[train])
        for rows, valid in inner:
            yield train[rows], test, train[valid]

    def _link(self, X, n, groups):
        patients = np.arange(n) if groups is None else np.asarray(groups)
        if not self.by_patient or self.duplicates is None:
            return patients
        found = self.duplicates
        if isinstance(found, str):
            found = find_duplicates(X)
        return link_groups(patients, found)

    def _hold_out(self, y, groups):
        """Return the rows of the training part and of the test part."""
        if self.by_patient:
            return next(self._folds(_N_PARTS).split(y, y, groups))
        rows = np.arange(len(y))
        parts = train_test_split(
            rows, test_size=1 / _N_PARTS, stratify=y, random_state=self.random_state
        )
        return tuple(map(np.sort, parts))

    def _folds(self, n_splits):
        options = {"shuffle": True, "random_state": self.random_state}
        if self.by_patient:
            return StratifiedPatientKFold(n_splits, duplicates=None, **options)
        return _ImageFolds(n_splits, **options)


class _ImageFolds(StratifiedKFold):
    """Stratified folds that ignore patients without a warning."""

    def split(self, X, y, groups=None):
        return super().split(X, y)
