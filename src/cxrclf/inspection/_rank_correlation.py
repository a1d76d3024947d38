"""Rank correlations of saliency maps."""

import numpy as np
from scipy.stats import rankdata


def standardized_ranks(maps):
    """Return the ranks of the pixels of each map, as vectors of length 1.

    The sum of the products of two such vectors is Spearman's rank correlation.

    Parameters
    ----------
    maps : ndarray of shape (b, H, W)

    Returns
    -------
    ndarray of shape (b, H * W)
        Ranks minus their mean, divided by their norm. They are nan for constant maps.
    """
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    norm = np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.divide(ranks, norm, out=np.full_like(ranks, np.nan), where=norm > 0)
