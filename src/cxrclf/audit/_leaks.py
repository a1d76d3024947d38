"""Test samples that depend on training samples."""

from dataclasses import dataclass

import numpy as np

from cxrclf._utils.splitting import link_rows


@dataclass(frozen=True)
class Leaks:
    """Test samples of one split that depend on its training samples.

    Parameters
    ----------
    test : ndarray of shape (m,) of int
        Rows of the test samples.
    n_train : int
        Number of training samples.
    same_patient : ndarray of shape (m,) of bool
        Whether the patient of a test sample has training samples.
    exact_copy, near_copy : ndarray of shape (m,) of bool
        Whether a training sample has the same pixels as a test sample, or is a near
        duplicate of it.
    """

    test: np.ndarray
    n_train: int
    same_patient: np.ndarray
    exact_copy: np.ndarray
    near_copy: np.ndarray

    @property
    def affected(self):
        """Whether a test sample depends on training samples in any way."""
        return self.same_patient | self.exact_copy | self.near_copy


def find_leaks(train, test, groups, copies, exact):
    """Find the test samples of a split that depend on its training samples.

    Parameters
    ----------
    train, test : ndarray of int
        Rows of the training and test samples.
    groups : ndarray of shape (n,) or None
        Patient of each row.
    copies, exact : ndarray of shape (n,) of int, or None
        Labels that are equal for copies of any kind, and for exact copies.

    Returns
    -------
    Leaks
    """

    def shared(labels):
        if labels is None:
            return np.zeros(len(test), bool)
        return np.isin(labels[test], labels[train])

    exact_copy = shared(exact)
    return Leaks(
        test, len(train), shared(groups), exact_copy, shared(copies) & ~exact_copy
    )


def label_copies(duplicates, n):
    """Return labels that are equal for copies of any kind, and for exact copies.

    Parameters
    ----------
    duplicates : DuplicateReport, ndarray of shape (n,) or None
        Copies among the rows.
    n : int
        Number of rows.

    Returns
    -------
    copies, exact : ndarray of shape (n,) of int, or None
        None if they are not known.
    """
    labels = getattr(duplicates, "labels", duplicates)
    copies = None if labels is None else np.asarray(labels)
    return copies, label_exact(getattr(duplicates, "pairs", None), n)


def label_exact(pairs, n):
    """Return labels that are equal for exact copies.

    Parameters
    ----------
    pairs : ReportTable or None
        Pairs of copies, with the columns `row_a`, `row_b` and `kind`.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of shape (n,) of int, or None
    """
    if pairs is None:
        return None
    exact = np.array([kind == "exact" for kind in pairs["kind"]], bool)
    rows_a, rows_b = (np.array(pairs[name], int)[exact] for name in ("row_a", "row_b"))
    return link_rows(rows_a, rows_b, n)


def find_mixed(labels, y):
    """Return the labels of groups that have several classes, sorted.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Group of each row.
    y : ndarray of shape (n,)
        Class of each row.

    Returns
    -------
    ndarray
        Values of `labels`.
    """
    groups, group = np.unique(labels, return_inverse=True)
    classes, code = np.unique(y, return_inverse=True)
    pairs = np.unique(group.astype(np.int64) * len(classes) + code)
    return groups[np.bincount(pairs // len(classes), minlength=len(groups)) > 1]
