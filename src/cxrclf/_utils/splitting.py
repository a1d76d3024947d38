"""Which rows a validation set takes."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import train_test_split


def split_validation(codes, groups, fraction, seed):
    """Hold out whole groups of rows, stratified by class.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class codes.
    groups : ndarray of shape (n,)
        Rows of one group stay together. Content keys of the images keep the rows that
        a sampler repeats on one side; :func:`join_groups` joins them with patients.
    fraction : float in (0, 1)
        Of the groups.
    seed : int

    Returns
    -------
    train_rows, valid_rows : ndarray of int, sorted

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
            random_state=seed % 2**32,
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
    """Join patients who share an image.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Patient ids.
    keys : ndarray of shape (n,)
        Content keys of the images.

    Returns
    -------
    ndarray of shape (n,) of int
        Equal for rows that are linked by patients and images.

    Raises
    ------
    ValueError
        If the ids are of mixed types.
    """
    try:
        patients, patient = np.unique(groups, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            "groups must be all str or all numbers, and none may be missing: "
            f"{error}. Give rows without a known patient an id of their own."
        ) from error
    images, image = np.unique(keys, return_inverse=True)
    n = len(patients) + len(images)
    links = coo_array(
        (np.ones(len(keys)), (patient, len(patients) + image)), shape=(n, n)
    )
    return connected_components(links, directed=False)[1][patient]
