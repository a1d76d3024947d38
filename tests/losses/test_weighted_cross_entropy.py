"""The weighted cross-entropy against formulas written out."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from cxrclf._training.weights import training_weights
from cxrclf.losses import WeightedCrossEntropy


def test_loss_is_the_weighted_mean_over_the_batch_as_in_keras():
    rng = np.random.default_rng(0)
    logits, codes = rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    weights = rng.random(6) * 3
    by_hand = -(weights * log_softmax(logits, axis=1)[np.arange(6), codes]).sum() / 6
    loss = WeightedCrossEntropy()(
        torch.from_numpy(logits), (torch.from_numpy(codes), torch.from_numpy(weights))
    )
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)


def test_weighted_loss_of_a_batch_by_hand():
    rng = np.random.default_rng(1)
    y = np.repeat(["covid", "normal", "pneumonia"], [3, 12, 9])
    classes = np.unique(y)
    constants = {"covid": 2.0, "normal": 1.0, "pneumonia": 0.5}
    weights = training_weights(y, classes, constants, None)
    batch = np.array([0, 3, 4, 16, 23])
    logits = rng.normal(size=(5, 3))
    codes = np.searchsorted(classes, y[batch])
    by_hand = 0.0
    for row, code in enumerate(codes):
        n_c = [3, 12, 9][code]
        w = [2.0, 1.0, 0.5][code] * 24 / (3 * n_c)
        by_hand -= w * np.log(np.exp(logits[row, code]) / np.exp(logits[row]).sum()) / 5
    target = torch.from_numpy(codes), torch.from_numpy(weights[batch])
    loss = WeightedCrossEntropy()(torch.from_numpy(logits), target)
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)
