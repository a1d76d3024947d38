"""Split rows into training and validation rows."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import train_test_split


def split_validation(codes, groups, fraction, seed):
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

    Returns
    -------
    train_rows, valid_rows : ndarray of int
        Sorted row numbers.

    Raises
    ------
    ValueError
        If a class has too few groups for both sides.
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
    return np.flatnonzero(~is_valid), np.flatnonzero(is_valid)


def join_groups(groups, keys):
    """Merge the groups of patients who share an image.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Patient id of each row.
    keys : ndarray of shape (n,)
        Content key of each image.

    Returns
    -------
    ndarray of shape (n,) of int
        Group of each row. Rows with the same patient or the same image have the same
        group, and so have rows that are linked through other rows.

    Raises
    ------
    ValueError
        If the ids have mixed types.
    """
    try:
        patients, patient = np.unique(groups, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            "groups must be all str or all numbers, and none may be missing: "
            f"{error}. Give rows without a known patient an id of their own."
        ) from error
    # A graph of patients and images. Each row is an edge; each connected component is
    # a group.
    images, image = np.unique(keys, return_inverse=True)
    n = len(patients) + len(images)
    links = coo_array(
        (np.ones(len(keys)), (patient, len(patients) + image)), shape=(n, n)
    )
    return connected_components(links, directed=False)[1][patient]
