"""Losses against scikit-learn and formulas written out."""

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

from cxrclf.losses import MaskLoss, sum_of_dice
from cxrclf.metrics import segmentation_scores

SHAPE = 5, 6, 7


def drawn(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    n_outputs = 1 if n_classes == 2 else n_classes
    logits = 2 * rng.normal(size=(SHAPE[0], n_outputs, *SHAPE[1:]))
    return logits, rng.integers(0, n_classes, SHAPE), rng.random(SHAPE[0]) * 2


def probabilities(logits):
    """Return (b, n_classes, H, W)."""
    if logits.shape[1] == 1:
        p = expit(logits)
        return np.concatenate([1 - p, p], axis=1)
    return softmax(logits, axis=1)


def cross_entropies(p, codes):
    return [
        log_loss(c.ravel(), q.reshape(len(q), -1).T, labels=np.arange(len(q)).tolist())
        for q, c in zip(p, codes, strict=True)
    ]


def dice_losses(p, codes):
    losses = []
    for q, c in zip(p, codes, strict=True):
        dice = [
            (2 * q[k][c == k].sum() + 1) / (q[k].sum() + (c == k).sum() + 1)
            for k in range(1, len(q))
        ]
        losses.append(1 - np.mean(dice))
    return losses


def focal_losses(p, codes):
    """Return FL(p_t) = -(1 - p_t)² log p_t, averaged over pixels."""
    losses = []
    for q, c in zip(p, codes, strict=True):
        true = np.take_along_axis(q, c[None], axis=0)
        losses.append(np.mean(-((1 - true) ** 2) * np.log(true)))
    return losses


REFERENCES = {
    "cross_entropy": cross_entropies,
    "dice": dice_losses,
    "focal": focal_losses,
    "cross_entropy+dice": lambda p, c: np.add(cross_entropies(p, c), dice_losses(p, c)),
}


def loss_of(kind, logits, codes, weights=None):
    weights = np.ones(len(codes)) if weights is None else weights
    target = torch.from_numpy(codes), torch.from_numpy(weights)
    return float(MaskLoss(kind)(torch.from_numpy(logits), target))


def test_all_losses_are_tested():
    assert set(MaskLoss.kinds) == set(REFERENCES)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_values(kind, n_classes):
    logits, codes, weights = drawn(n_classes)
    expected = np.mean(weights * REFERENCES[kind](probabilities(logits), codes))
    assert loss_of(kind, logits, codes, weights) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_weight_of_zero_leaves_an_image_out(kind, n_classes):
    logits, codes, weights = drawn(n_classes)
    weights[2] = 0
    other = logits.copy()
    other[2] *= -1
    first = loss_of(kind, logits, codes, weights)
    assert loss_of(kind, other, codes, weights) == pytest.approx(first, rel=1e-12)
    without = np.delete(np.arange(5), 2)
    part = loss_of(kind, logits[without], codes[without], weights[without])
    assert first == pytest.approx(part * 4 / 5, rel=1e-12)


@pytest.mark.parametrize("kind", REFERENCES)
def test_two_classes_with_two_outputs_are_those_with_one(kind):
    logits, codes, weights = drawn(2)
    both = np.concatenate([np.zeros_like(logits), logits], axis=1)
    one, two = (loss_of(kind, x, codes, weights) for x in (logits, both))
    assert one == pytest.approx(two, rel=1e-9)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("there", [False, True])
def test_masks_without_an_object(kind, n_classes, there):
    _, codes, _ = drawn(n_classes)
    codes *= there
    n_outputs = 1 if n_classes == 2 else n_classes
    right = np.full((5, n_outputs, 6, 7), -60.0)
    if n_outputs == 1:
        right[codes[:, None] == 1] = 60
    else:
        np.put_along_axis(right, codes[:, None], 60.0, axis=1)
    assert loss_of(kind, right, codes) == pytest.approx(0, abs=1e-9)
    assert loss_of(kind, -right, codes) > 0.5


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_are_right_and_finite(kind, n_classes):
    logits, codes, weights = (torch.from_numpy(a) for a in drawn(n_classes))
    logits = logits[:2, :, :3, :3].clone().requires_grad_()
    target = codes[:2, :3, :3], weights[:2]
    assert torch.autograd.gradcheck(lambda x: MaskLoss(kind)(x, target), [logits])
    certain = (1e4 * logits.detach()).requires_grad_()
    MaskLoss(kind)(certain, target).backward()
    assert certain.grad.isfinite().all()


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_the_dice_of_an_epoch_is_that_of_the_scores(n_classes):
    logits, codes, _ = drawn(n_classes)
    logits[0] = -5  # nothing found ...
    if n_classes > 2:
        logits[0, 0] = 5
    codes[:2] = 0  # ... where nothing is, and something found where nothing is
    p = probabilities(logits)
    scores = segmentation_scores(
        codes,
        p.argmax(axis=1),
        labels=None if n_classes == 2 else range(n_classes),
        distances=False,
    )
    total = sum_of_dice(torch.from_numpy(logits), torch.from_numpy(codes))
    assert scores["dice"][0] == 1
    assert float(total) == pytest.approx(scores["dice"].sum(), rel=1e-6)
