"""Split rows into training and validation rows."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import train_test_split


def split_validation(codes, groups, fraction, seed, classes=None):
    """Hold out whole groups of rows, stratified by class.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class code of each row.
    groups : ndarray of shape (n,)
        Group of each row. All rows of a group are on the same side. Content keys of
        the images keep the rows that a sampler repeats on one side; use
        :func:`join_groups` to also keep patients together.
    fraction : float in (0, 1)
        Fraction of the groups in the validation set.
    seed : int
        Seed of the split.
    classes : ndarray of shape (n_classes,), default=None
        Name of each class, for messages. By default the class codes.

    Returns
    -------
    train_rows, valid_rows : ndarray of int
        Sorted row numbers.

    Raises
    ------
    ValueError
        If a class has too few groups for both sides, or has no training row.
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    try:
        _, held_out = train_test_split(
            np.arange(len(first)),
            test_size=fraction,
            stratify=codes[first],
            random_state=seed % 2**32,  # NumPy's limit for a seed
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={fraction} cannot be met with {len(first)} distinct "
            f"images or groups: {error} Use a larger fraction, pass X_val and y_val, "
            "or set validation_fraction=None."
        ) from error
    is_valid = np.isin(inverse, held_out)
    missing = np.setdiff1d(codes, codes[~is_valid])
    if len(missing):
        names = missing if classes is None else classes[missing]
        what = "the classes" if classes is not None else "the sorted classes number"
        raise ValueError(
            f"validation_fraction={fraction} holds out all rows of {what} "
            f"{names.tolist()}, because they belong to few patients or images. Use "
            "another random_state, or pass X_val and y_val."
        )
    return np.flatnonzero(~is_valid), np.flatnonzero(is_valid)


def link_rows(rows_a, rows_b, n):
    """Return the connected components of rows that pairs link.

    Parameters
    ----------
    rows_a, rows_b : array-like of shape (p,) of int
        Rows of each pair.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of shape (n,) of int
        Component of each row, numbered from 0 by their first rows.
    """
    graph = coo_array((np.ones(len(rows_a)), (rows_a, rows_b)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def join_groups(groups, keys):
    """Merge the groups of patients who share an image.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Patient id of each row, as :func:`cxrclf._utils.groups.check_groups` returns
        them.
    keys : ndarray of shape (n,)
        Content key of each image.

    Returns
    -------
    ndarray of shape (n,) of int
        Group of each row. Rows with the same patient or the same image have the same
        group, and so have rows that are linked through other rows.
    """
    patients, patient = np.unique(groups, return_inverse=True)
    # A graph of patients and images. Each row is an edge; each connected component is
    # a group.
    images, image = np.unique(keys, return_inverse=True)
    n = len(patients) + len(images)
    links = coo_array(
        (np.ones(len(keys)), (patient, len(patients) + image)), shape=(n, n)
    )
    return connected_components(links, directed=False)[1][patient]
