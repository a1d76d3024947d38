"""Training, validation and test rows of the folds of a study."""

import copy
import warnings
from collections import Counter
from numbers import Integral
from typing import NamedTuple

import numpy as np

from cxrclf._utils.splitting import split_validation
from cxrclf.audit import StratifiedPatientKFold, link_groups


class Fold(NamedTuple):
    """Row numbers of a fold."""

    train: np.ndarray
    test: np.ndarray
    valid: np.ndarray  # empty without a validation set

    def count(self, y):
        """Return the number of images of each class in each part."""
        names = np.unique(y).tolist()
        parts = {"train": self.train, "valid": self.valid, "test": self.test}
        return {
            part: {name: Counter(y[rows].tolist())[name] for name in names}
            for part, rows in parts.items()
            if len(rows)
        }


def plan_folds(study, X, y, groups, duplicates):
    """Return the folds of a study.

    Parameters
    ----------
    study : Study
        Description with the attributes `cv` and `validation`.
    X : array-like of length n
        Images.
    y : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) or None
        Patient id of each image.
    duplicates : DuplicateReport or None
        Copies among the images.

    Returns
    -------
    list of Fold

    Raises
    ------
    ValueError
        If a class has fewer patients than folds, or is missing in a part of a fold.
    """
    # An image without a patient id is a patient of its own.
    patients = np.arange(len(y)) if groups is None else groups
    linked = patients if duplicates is None else link_groups(patients, duplicates)
    cv = study.cv
    if isinstance(cv, Integral):
        _check_patients(y, linked, cv, groups is not None)
        # The linked groups know the copies already.
        cv = StratifiedPatientKFold(cv, shuffle=True, random_state=0, duplicates=None)
        splits = cv.split(X, y, linked)
    else:
        cv = copy.copy(cv)  # splitters of scikit-learn cannot be cloned
        if getattr(cv, "random_state", 0) is None:
            cv.random_state = 0  # so that a resumed run has the same folds
        if getattr(cv, "duplicates", None) == "find":
            patients = linked
            cv.duplicates = None
        splits = _split_quietly(cv, X, y, patients)
    folds = []
    for number, parts in enumerate(splits, start=1):
        train, test, *rest = map(_as_rows, parts)
        valid = rest[0] if rest else np.array([], int)
        if not rest and study.validation == "test":
            valid = test
        elif not rest and study.validation is not None:
            train, valid = _hold_out(y, linked, train, study.validation)
        fold = Fold(train, test, valid)
        _check_classes(fold, y, number)
        folds.append(fold)
    return folds


def _split_quietly(cv, X, y, patients):
    """Split without the warning of splitters by image, which ignore patients."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The groups parameter is ignored")
        return list(cv.split(X, y, patients))


def _as_rows(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)


def _hold_out(y, patients, train, fraction):
    """Return training and validation rows, with all classes in both if possible."""
    classes, codes = np.unique(y[train], return_inverse=True)
    try:
        first, second = split_validation(codes, patients[train], fraction, 0, classes)
        if len(np.unique(codes[second])) == len(classes):
            return train[first], train[second]
    except ValueError:  # too few patients for exact shares
        pass
    rng = np.random.default_rng(0)
    chosen = []
    for label in classes:
        of_class = np.unique(patients[train][y[train] == label])
        n = max(1, round(fraction * len(of_class)))
        chosen.append(rng.permutation(of_class)[:n])
    is_valid = np.isin(patients[train], np.concatenate(chosen))
    return train[~is_valid], train[is_valid]


def _check_patients(y, patients, n_folds, known):
    noun = "patients" if known else "different images"
    for name in np.unique(y).tolist():
        n = len(np.unique(patients[y == name]))
        if n < n_folds:
            raise ValueError(
                f"Class {name!r} has {n} {noun}, fewer than the {n_folds} folds, so "
                "one fold would lack the class. Add images of this class, or use "
                "fewer folds."
            )


def _check_classes(fold, y, number):
    purposes = {"train on": fold.train, "test on": fold.test}
    if len(fold.valid):
        purposes["validate on"] = fold.valid
    for purpose, rows in purposes.items():
        missing = set(y.tolist()) - set(y[rows].tolist())
        if missing:
            raise ValueError(
                f"Fold {number} has no image of {sorted(missing)} to {purpose}. Add "
                "patients of this class, or use fewer folds or a larger validation "
                "set."
            )
