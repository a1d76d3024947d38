import copy
import pickle
import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from cxrclf.nets import SwitchableNorm2d

EXACT = {"rtol": 1e-12, "atol": 1e-12}
LOGITS = [0.3, -1.2, 0.9], [-0.5, 0.4, 1.7]


def switchable(n=5, *, logits=LOGITS, dtype=torch.float64, **options):
    """Make a layer whose parameters all differ."""
    norm = SwitchableNorm2d(n, **options).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(0.5, 2, n))
        norm.bias.copy_(torch.linspace(-1, 1, n))
        norm.mean_weight.copy_(torch.tensor(logits[0]))
        norm.var_weight.copy_(torch.tensor(logits[1]))
    return norm


def chosen(kind, **options):
    """Make a layer that takes the statistics of one kind alone."""
    logits = [1e4 if k == kind else 0.0 for k in ("instance", "layer", "batch")]
    return switchable(logits=(logits, logits), **options)


def random_maps(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    scale = torch.rand(shape[:2], generator=generator, dtype=dtype) + 0.2
    shift = torch.randn(shape[:2], generator=generator, dtype=dtype)
    maps = torch.randn(shape, generator=generator, dtype=dtype)
    return maps * scale[:, :, None, None] + shift[:, :, None, None]


class SimpleSwitchableNorm:
    """Switchable normalisation in NumPy, by the formulas of the authors' code."""

    def __init__(self, norm):
        state = {k: v.numpy().astype(float) for k, v in norm.state_dict().items()}
        self.eps, self.momentum = norm.eps, norm.momentum
        self.gamma, self.beta = (
            state[k].reshape(1, -1, 1, 1) for k in ("weight", "bias")
        )
        self.w_mean, self.w_var = (
            np.exp(state[k]) / np.exp(state[k]).sum()
            for k in ("mean_weight", "var_weight")
        )
        n = len(state["weight"])
        self.running_mean, self.running_var = np.zeros(n), np.zeros(n)

    def __call__(self, x, training):
        x = x.numpy().astype(float)
        mean_in = x.mean((2, 3), keepdims=True)
        var_in = x.var((2, 3), ddof=1, keepdims=True)
        square = var_in + mean_in**2
        mean_ln = mean_in.mean(1, keepdims=True)
        var_ln = square.mean(1, keepdims=True) - mean_ln**2
        if training:
            mean_bn = mean_in.mean(0, keepdims=True)
            var_bn = square.mean(0, keepdims=True) - mean_bn**2
            kept, new = self.momentum, 1 - self.momentum
            self.running_mean = kept * self.running_mean + new * mean_bn.ravel()
            self.running_var = kept * self.running_var + new * var_bn.ravel()
        else:
            mean_bn = self.running_mean.reshape(1, -1, 1, 1)
            var_bn = self.running_var.reshape(1, -1, 1, 1)
        a, b = self.w_mean, self.w_var
        mean = a[0] * mean_in + a[1] * mean_ln + a[2] * mean_bn
        var = b[0] * var_in + b[1] * var_ln + b[2] * var_bn
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("momentum", [0.9, 0.6])
def test_it_is_that_of_a_plain_reference(momentum, batch_size):
    norm = switchable(momentum=momentum, eps=1e-3)
    reference = SimpleSwitchableNorm(norm)
    for seed in range(4):
        maps = random_maps(batch_size, 5, 6, 7, seed=seed)
        np.testing.assert_allclose(
            norm.train()(maps).detach(), reference(maps, True), rtol=1e-10, atol=1e-12
        )
        np.testing.assert_allclose(norm.running_mean, reference.running_mean, 1e-10)
        np.testing.assert_allclose(norm.running_var, reference.running_var, 1e-10)
        np.testing.assert_allclose(
            norm.eval()(maps).detach(), reference(maps, False), rtol=1e-10, atol=1e-12
        )


def test_it_begins_as_in_the_authors_code():
    norm = SwitchableNorm2d(3)
    assert norm.eps == 1e-5
    assert norm.momentum == 0.9
    expected = {
        "weight": [1, 1, 1],
        "bias": [0, 0, 0],
        "mean_weight": [1, 1, 1],
        "var_weight": [1, 1, 1],
        "running_mean": [0, 0, 0],
        "running_var": [0, 0, 0],
    }
    assert {k: v.tolist() for k, v in norm.state_dict().items()} == expected


def test_inference_mode_leaves_the_running_statistics():
    norm = switchable().eval()
    norm(random_maps(2, 5, 4, 4))
    assert not norm.running_mean.any()
    assert not norm.running_var.any()


def test_statistics_of_instances_alone_are_those_of_instance_norm():
    maps = random_maps(3, 5, 6, 7)
    norm = chosen("instance", eps=0.0)
    own = functional.instance_norm(maps, eps=0.0)
    own = own * (41 / 42) ** 0.5  # torch's variance is over H·W, not H·W - 1
    expected = own * norm.weight[:, None, None] + norm.bias[:, None, None]
    for mode in (True, False):
        torch.testing.assert_close(norm.train(mode)(maps), expected, **EXACT)


def test_statistics_of_layers_alone_are_those_of_layer_norm():
    # Each value occurs as often as any other in each channel, so that the variance of
    # an instance is that of its 42 values times 42 / 41.
    maps = random_maps(3, 5, 6, 7)
    maps = maps - maps.mean((2, 3), keepdim=True)
    norm = chosen("layer", eps=0.0)
    own = functional.layer_norm(maps, maps.shape[1:], eps=0.0) * (41 / 42) ** 0.5
    expected = own * norm.weight[:, None, None] + norm.bias[:, None, None]
    for mode in (True, False):
        torch.testing.assert_close(norm.train(mode)(maps), expected, **EXACT)


def test_layers_of_channels_that_differ_are_those_of_layer_norm_on_large_maps():
    maps = random_maps(3, 5, 60, 70)
    norm = chosen("layer")
    own = functional.layer_norm(maps, maps.shape[1:], eps=1e-5)
    expected = own * norm.weight[:, None, None] + norm.bias[:, None, None]
    # Variances over H·W and over H·W - 1 differ by 1/4199 here.
    torch.testing.assert_close(norm(maps), expected, rtol=3e-4, atol=3e-4)


def test_statistics_of_the_batch_alone_are_those_of_batch_norm():
    maps = random_maps(3, 5, 60, 70)
    norm = chosen("batch")
    expected = functional.batch_norm(
        maps, None, None, norm.weight, norm.bias, training=True, eps=1e-5
    )
    torch.testing.assert_close(norm(maps), expected, rtol=3e-4, atol=3e-4)
    running = norm.running_mean.clone(), norm.running_var.clone()
    other = random_maps(2, 5, 6, 7, seed=1)
    expected = functional.batch_norm(
        other, *running, norm.weight, norm.bias, training=False, eps=1e-5
    )
    torch.testing.assert_close(norm.eval()(other), expected, **EXACT)


@pytest.mark.parametrize("shape", [(3, 5, 4, 3), (1, 5, 2, 2), (2, 5, 1, 1)])
@pytest.mark.parametrize("mode", [True, False])
def test_gradients_are_those_of_finite_differences(mode, shape):
    norm = switchable(eps=1e-2).train(mode)
    norm.running_var.fill_(0.7)

    def function(maps, *parameters):
        state = dict(zip(dict(norm.named_parameters()), parameters, strict=True))
        # With statistics of their own: gradcheck wants the same result again.
        buffers = {name: value.clone() for name, value in norm.named_buffers()}
        return torch.func.functional_call(norm, {**state, **buffers}, (maps,))

    maps = random_maps(*shape).requires_grad_()
    parameters = [p.detach().clone().requires_grad_() for p in norm.parameters()]
    assert torch.autograd.gradcheck(function, (maps, *parameters))
    assert torch.autograd.gradgradcheck(function, (maps, *parameters))


def test_gradients_do_not_depend_on_the_running_statistics_of_training():
    norm = switchable()
    maps = random_maps(2, 5, 4, 4).requires_grad_()
    gradients = []
    for value in (0.0, 5.0):
        norm.running_mean.fill_(value)
        gradients.append(torch.autograd.grad(norm(maps).square().sum(), maps)[0])
    torch.testing.assert_close(*gradients, **EXACT)
    assert not norm.running_mean.requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_type_and_memory_format_are_those_of_the_maps(dtype):
    norm = switchable(dtype=torch.float32)
    maps = random_maps(4, 5, 6, 7).to(dtype)
    last = maps.contiguous(memory_format=torch.channels_last)
    expected = norm(maps)
    for given, layout in (
        (maps, torch.contiguous_format),
        (last, torch.channels_last),
    ):
        given = given.clone().requires_grad_()
        found = norm(given)
        found.float().square().sum().backward()
        for tensor in (found, given.grad):
            assert tensor.dtype == dtype
            assert tensor.is_contiguous(memory_format=layout)
        torch.testing.assert_close(found, expected)


def test_bfloat16_maps_are_rounded_once():
    norm = switchable(dtype=torch.float32)
    # Far from zero, where statistics in bfloat16 would be off by more than a σ.
    maps = (random_maps(4, 5, 12, 12) + 200).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(maps)
    expected = copy.deepcopy(norm).double()(maps.double())
    torch.testing.assert_close(found.double(), expected, rtol=2**-8, atol=1e-3)


def test_single_precision_bears_large_means():
    norm = switchable(dtype=torch.float32, logits=([9, 0, 0], [9, 0, 0]))
    maps = random_maps(4, 5, 12, 12) + 300
    found = norm(maps.float())
    expected = copy.deepcopy(norm).double()(maps.float().double())
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-3)


def test_a_map_of_one_value_is_finite():
    norm = SwitchableNorm2d(4)
    assert norm(torch.randn(1, 4, 1, 1)).isfinite().all()
    zero = norm(torch.zeros(2, 4, 3, 3, requires_grad=True))
    assert not zero.any()


def test_gamma_of_the_last_layer_of_a_branch_begins_at_zero():
    norm = SwitchableNorm2d(3, last_gamma=True)
    assert not norm(torch.randn(2, 3, 4, 4)).any()
    with torch.no_grad():
        norm.weight.fill_(2)
    norm.reset_parameters()
    assert not norm.weight.any()


def test_state_dicts_copies_and_pickles_compute_the_same():
    norm = switchable()
    norm(random_maps(4, 5, 6, 7))
    other = SwitchableNorm2d(5).double()
    other.load_state_dict(norm.state_dict())
    maps = random_maps(2, 5, 6, 7, seed=1)
    expected = norm.eval()(maps)
    for same in (other, copy.deepcopy(norm), pickle.loads(pickle.dumps(norm))):
        assert torch.equal(same.eval()(maps), expected)


def test_settings_are_in_its_text():
    assert repr(SwitchableNorm2d(4, 1e-3, 0.8, last_gamma=True)) == (
        "SwitchableNorm2d(4, eps=0.001, momentum=0.8, last_gamma=True)"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_features": 0}, "num_features must be 1 or more, got 0"),
        ({"num_features": 2, "eps": -1.0}, "eps must be 0 or more"),
        ({"num_features": 2, "momentum": 1.5}, "momentum must lie in [0, 1], got 1.5"),
    ],
)
def test_bad_settings_are_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SwitchableNorm2d(**options)


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 4), (4, 4, 4)])
def test_maps_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"(b, 4, H, W), got {shape}")):
        SwitchableNorm2d(4)(torch.zeros(shape))
