"""Scores of two classes that rank samples without rounding errors."""

import numpy as np


def rank_scores(y_score: np.ndarray) -> np.ndarray:
    """Return scores to rank samples by, one column per class.

    Small probabilities p of the last class of two are lost in ``1 - p``, which is 1 for
    all p below 1e-16. If the first column is ``1 - p``, it is therefore replaced by
    ``-p``, which has the same order without the rounding.

    Parameters
    ----------
    y_score : ndarray of shape (n, n_classes)
        Scores of the classes, in sorted order of the classes.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Scores with the same order in each column, or a finer one.
    """
    if y_score.shape[1] != 2 or not np.array_equal(y_score[:, 0], 1 - y_score[:, 1]):
        return y_score
    return np.column_stack([-y_score[:, 1], y_score[:, 1]])
