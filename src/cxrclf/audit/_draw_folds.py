"""Draw the folds that all probes share."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from cxrclf.audit._link_groups import link_groups
from cxrclf.audit._list_splits import list_splits
from cxrclf.audit._stratified_patient_k_fold import StratifiedPatientKFold


def draw_folds(
    cv: Any,
    X: Any,
    y: np.ndarray,
    groups: np.ndarray | None,
    copies: np.ndarray | None,
    random_state: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the training and test rows of each fold.

    Parameters
    ----------
    cv : int, splitter or iterable
        Number of folds, or splits as in scikit-learn. For a number the folds are
        shuffled and stratified by class, and keep patients and copies together.
    X : array-like of length n
        Images, for a splitter that searches for copies.
    y : ndarray of shape (n,)
        Labels.
    groups : ndarray of shape (n,) or None
        Patient of each row.
    copies : ndarray of shape (n,) or None
        Label of each image that is equal for copies. None if there are no copies.
    random_state : int
        Seed of the folds for a number.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Each row is at most once a test row.

    Raises
    ------
    ValueError
        If there are fewer groups than folds, if a fold has no test rows, if rows are
        tested twice, if all test rows have one class, or if training rows are test
        rows of the same fold.
    """
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        settings = {"shuffle": True, "random_state": random_state}
        if groups is None and copies is None:
            cv = StratifiedKFold(int(cv), **settings)
        else:
            groups = np.arange(len(y)) if groups is None else groups
            _check_number(cv, groups, copies)
            cv = StratifiedPatientKFold(int(cv), duplicates=copies, **settings)
    folds = list_splits(cv, X, y, groups)
    tested = np.concatenate([test for _, test in folds])
    if not all(len(test) for _, test in folds):
        raise ValueError("A fold of cv has no test rows. Use fewer folds.")
    if len(np.unique(tested)) < len(tested):
        raise ValueError(
            "cv tests some images several times. Pass a splitter without repeats, such "
            "as StratifiedGroupKFold."
        )
    if len(np.unique(y[tested])) < 2:
        raise ValueError(
            f"All {len(tested)} test images of cv have the class "
            f"{y[tested].tolist()[0]!r}. Pass splits that test two classes or more."
        )
    if any(np.isin(test, train).any() for train, test in folds):
        raise ValueError("A fold of cv has rows that are training and test rows.")
    return folds


def _check_number(cv: int, groups: np.ndarray, copies: np.ndarray | None) -> None:
    linked = groups if copies is None else link_groups(groups, copies)
    n = len(np.unique(linked))
    if n < cv:
        raise ValueError(
            f"cv={cv} needs {cv} groups of images without a common patient or copy, "
            f"and there are {n}. Use fewer folds."
        )
