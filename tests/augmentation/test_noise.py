"""Noise that depends on the state of a view alone."""

import numpy as np
import pytest
import torch
from scipy import stats

from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation._noise import keyed_normals


def normals_of(samples, shape=(200, 200), dtype=torch.float32):
    return keyed_normals(keyed_state(0, samples), shape, "cpu", dtype)


def test_noise_is_standard_normal():
    normals = normals_of([1])
    assert float(normals.std()) == pytest.approx(1, rel=0.02)
    assert bool(torch.isfinite(normals).all())


def test_noise_is_as_normal_as_the_test_can_tell():
    values = normals_of([3]).numpy().ravel()
    # The 0.999 quantile of the Kolmogorov-Smirnov distance.
    limit = stats.kstwobign.ppf(0.999) / np.sqrt(values.size)
    assert stats.kstest(values, "norm").statistic < limit
    neighbors = np.corrcoef(values[:-1], values[1:])[0, 1]
    assert abs(neighbors) < 4 / np.sqrt(values.size)


def test_noise_depends_on_the_state_alone():
    together = normals_of([5, 6, 7], (1, 9, 9))
    assert together.shape == (3, 1, 9, 9)
    assert torch.equal(normals_of([6], (1, 9, 9))[0], together[1])
    assert not torch.equal(together[0], together[1])
