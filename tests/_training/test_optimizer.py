"""Optimisers and schedules against formulas written out in NumPy."""

import numpy as np
import pytest
import torch

from cxrclf._training.optimizer import (
    make_optimizer,
    schedule_factor,
    set_learning_rate,
)


class TwoParts(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
        self.head = torch.nn.Linear(3, 2)
        self.double()

    def body_parameters(self):
        return self.body.parameters()

    def head_parameters(self):
        return self.head.parameters()


def optimizer_of(module, name="adam", **changes):
    settings = {
        "learning_rate": 1e-2,
        "body_learning_rate": 1e-3,
        "weight_decay": 0.1,
        "momentum": 0.9,
        "decay_bias_and_norm": False,
    }
    return make_optimizer(name, module, **{**settings, **changes})


def test_parameter_groups_have_their_rates_and_decays():
    module = TwoParts()
    groups = optimizer_of(module).param_groups
    found = {
        id(p): (group["lr"], group["weight_decay"])
        for group in groups
        for p in group["params"]
    }
    linear, norm = module.body
    assert found[id(linear.weight)] == (1e-3, 0.1)
    assert found[id(linear.bias)] == found[id(norm.weight)] == (1e-3, 0.0)
    assert found[id(module.head.weight)] == (1e-2, 0.1)
    assert found[id(module.head.bias)] == (1e-2, 0.0)
    assert len(found) == 6
    everything = optimizer_of(module, decay_bias_and_norm=True).param_groups
    assert {group["weight_decay"] for group in everything} == {0.1}


def test_frozen_parameters_are_left_out():
    module = TwoParts()
    module.body.requires_grad_(False)
    groups = optimizer_of(module).param_groups
    assert sum(len(group["params"]) for group in groups) == 2


def keras2_nadam(w, gradients, lr, b1=0.9, b2=0.999, eps=1e-7, decay=0.004):
    """Transcribe keras.optimizers.Nadam of Keras 2.3 (schedule_decay=0.004)."""
    m = v = np.zeros_like(w)
    product = 1.0
    for t, g in enumerate(gradients, start=1):
        mu_t = b1 * (1 - 0.5 * 0.96 ** (t * decay))
        mu_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * decay))
        product *= mu_t
        g_prime = g / (1 - product)
        m = b1 * m + (1 - b1) * g
        m_prime = m / (1 - product * mu_next)
        v = b2 * v + (1 - b2) * g**2
        v_prime = v / (1 - b2**t)
        m_bar = (1 - mu_t) * g_prime + mu_next * m_prime
        w = w - lr * m_bar / (np.sqrt(v_prime) + eps)
    return w


def test_nadam_is_that_of_keras_2():
    module = TwoParts()
    optimizer = optimizer_of(module, "nadam", weight_decay=0.0)
    weight = module.head.weight
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(30, *weight.shape))
    expected = keras2_nadam(weight.detach().numpy(), gradients, lr=1e-2)
    for gradient in gradients:
        weight.grad = torch.from_numpy(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), expected, atol=1e-10)


def test_sgd_has_momentum_and_l2():
    module = TwoParts()
    optimizer = optimizer_of(module, "sgd", momentum=0.5)
    weight = module.head.weight
    w, velocity = weight.detach().numpy().copy(), 0
    for _ in range(3):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        velocity = 0.5 * velocity + 1 + 0.1 * w
        w = w - 1e-2 * velocity
    np.testing.assert_allclose(weight.detach().numpy(), w, rtol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("cosine", [1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4]),
        ("step", [1, 1, 0.1, 0.01]),
        (lambda epoch, n: epoch / n, [0, 0.25, 0.5, 0.75]),
    ],
)
def test_schedules(schedule, expected):
    factors = [schedule_factor(schedule, epoch, 4) for epoch in range(4)]
    assert factors == pytest.approx(expected)


def test_a_factor_applies_to_the_initial_rates():
    optimizer = optimizer_of(TwoParts())
    for factor in (0.5, 0.1):
        set_learning_rate(optimizer, factor)
    rates = {group["lr"] for group in optimizer.param_groups}
    assert rates == {1e-2 * 0.1, 1e-3 * 0.1}


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "step"])
def test_numpy_numbers_act_as_plain_ones(schedule):
    plain = [schedule_factor(schedule, epoch, 4) for epoch in range(4)]
    drawn = [schedule_factor(schedule, epoch, np.int64(4)) for epoch in range(4)]
    assert drawn == plain
    assert {type(factor) for factor in drawn} == {float}


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_numpy_settings_leave_a_state_that_can_be_read_back(name, tmp_path):
    settings = ("learning_rate", "body_learning_rate", "weight_decay", "momentum")
    changes = dict.fromkeys(settings, np.float64(0.1))
    state = optimizer_of(TwoParts(), name, **changes).state_dict()
    torch.save(state, tmp_path / "state")
    assert torch.load(tmp_path / "state", weights_only=True) == state
