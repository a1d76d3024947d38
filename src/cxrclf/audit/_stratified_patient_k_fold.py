"""Folds that keep patients and copies of an image together."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import indexable

from cxrclf._utils.groups import check_groups
from cxrclf.audit._check_duplicates import check_duplicates
from cxrclf.audit._link_groups import link_groups


class StratifiedPatientKFold(StratifiedGroupKFold):
    """Stratified folds that keep patients, and copies of an image, together.

    This splitter is scikit-learn's
    :class:`~sklearn.model_selection.StratifiedGroupKFold` on joined groups: patients
    that share an image, also a near duplicate, are one group.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, 2 or more.
    shuffle : bool, default=False
        Whether to shuffle the groups before they are assigned to folds.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.
    duplicates : "find", DuplicateReport, array-like of shape (n,) or None, \
            default="find"
        Copies among the images. ``"find"`` calls :func:`find_duplicates` for the X of
        each split. Its result saves the search. For files, the result for all files
        also serves for the folds of an inner cross-validation. None does not use
        copies.

    See Also
    --------
    link_groups : Join the groups for another splitter.

    Notes
    -----
    Classes are balanced as far as the groups allow.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.audit import StratifiedPatientKFold
    >>> X = np.zeros((8, 4, 4))
    >>> y = ["covid", "normal"] * 4
    >>> copies = [0, 1, 2, 3, 4, 5, 0, 1]
    >>> folds = StratifiedPatientKFold(2, duplicates=copies)
    >>> for train, test in folds.split(X, y, groups=[1, 2, 3, 3, 4, 5, 6, 7]):
    ...     print(test)
    [0 2 3 5 6]
    [1 4 7]
    """

    def __init__(self, n_splits=5, shuffle=False, random_state=None, duplicates="find"):
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)
        self.duplicates = duplicates

    def split(self, X, y=None, groups=None):
        """Generate the row numbers of the training and test samples of each fold.

        Parameters
        ----------
        X : array-like of length n
            Images in any form that the estimators accept.
        y : array-like of shape (n,)
            Class of each image.
        groups : array-like of shape (n,)
            Patient id of each image.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If `y`, `groups` or ids are missing, if there are fewer groups than folds,
            or if `duplicates` belongs to other images.
        """
        if y is None:
            raise ValueError("StratifiedPatientKFold needs y, the class of each image.")
        if groups is None:
            raise ValueError(
                "StratifiedPatientKFold needs groups, the patient id of each image. "
                "Without ids, pass groups=range(len(y)): then only copies are kept "
                "together."
            )
        X, y, groups = indexable(X, y, groups)
        groups = check_groups(groups, len(y))
        duplicates = check_duplicates(self.duplicates, X, len(y))
        if duplicates is not None:
            groups = link_groups(groups, duplicates)
        yield from super().split(np.zeros(len(y)), y, groups)
