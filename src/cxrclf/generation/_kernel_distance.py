"""Kernel distance between two sets of features, with a permutation test."""

from typing import NamedTuple

import numpy as np

_LEVEL = 0.95


class KernelDistance(NamedTuple):
    """A kernel distance, its values under permutation, and the p value."""

    value: float
    null_low: float
    null_high: float
    p_value: float


def kernel_distance(first, second, *, n_permutations=1000, random_state=0):
    """Compute the kernel distance of two samples, and test whether it differs from 0.

    The distance is the unbiased estimate of the squared maximum mean discrepancy with
    the kernel k(x, y) = (x·y / d + 1)³, as in the kernel inception distance [1]_. It
    may be negative. The interval and the p value come from random divisions of all
    rows into two samples of the same sizes [2]_.

    Parameters
    ----------
    first, second : ndarray of shape (n, d)
        Features of at least two images each.
    n_permutations : int, default=1000
    random_state : int, default=0

    Returns
    -------
    KernelDistance
        The distance, the limits of its middle 95 % under permutation, and the
        one-sided p value.

    References
    ----------
    .. [1] M. Bińkowski, D. J. Sutherland, M. Arbel, A. Gretton, "Demystifying MMD
       GANs", ICLR 2018, arXiv:1801.01401.
    .. [2] A. Gretton et al., "A kernel two-sample test", Journal of Machine Learning
       Research 13, 2012.
    """
    rows = np.concatenate([first, second])
    kernel = (rows @ rows.T / rows.shape[1] + 1) ** 3
    np.fill_diagonal(kernel, 0)
    n, m = len(first), len(second)
    rng = np.random.default_rng(random_state)
    members = np.zeros((n_permutations + 1, n + m))
    members[:, :n] = 1
    members[1:] = rng.permuted(members[1:], axis=1)
    # Sums of the kernel over the pairs within the first sample, within the second
    # sample and between them, for the real division and for each permutation.
    of_first = members @ kernel
    within = (of_first * members).sum(axis=1)
    across = of_first.sum(axis=1) - within
    outside = kernel.sum() - within - 2 * across
    values = within / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    value, null = values[0], values[1:]
    low, high = np.quantile(null, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    p_value = (1 + (null >= value).sum()) / (1 + n_permutations)
    return KernelDistance(float(value), float(low), float(high), float(p_value))
