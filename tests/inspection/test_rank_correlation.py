"""Ranks of maps as vectors of length 1."""

import numpy as np
from scipy.stats import spearmanr

from cxrclf.inspection._rank_correlation import standardized_ranks


def test_product_is_the_rank_correlation_of_scipy():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 5, (3, 6, 7)).astype(float)  # with ties
    other = rng.normal(size=(3, 6, 7))
    found = (standardized_ranks(one) * standardized_ranks(other)).sum(1)
    expected = [
        spearmanr(a.ravel(), b.ravel()).statistic
        for a, b in zip(one, other, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_constant_map_is_nan():
    maps = np.stack([np.ones((3, 3)), np.arange(9.0).reshape(3, 3)])
    found = standardized_ranks(maps)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
