"""Weights drawn from a seed, without torch's global generator."""

import pytest
import timm
import torch

from cxrclf._training.initial_weights import InitialWeights


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_vit", "test_efficientnet", "resnetv2_50d_gn"]
)
def test_weights_are_those_of_a_seeded_global_generator(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = timm.create_model(name).state_dict()
    before = torch.get_rng_state()
    with InitialWeights(3):
        found = timm.create_model(name).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in found)


DRAWS = {
    "rand": lambda: torch.rand(3),
    "randn": lambda: torch.randn(2, 2),
    "randint": lambda: torch.randint(9, (4,)),
    "randint from": lambda: torch.randint(3, 9, (4,)),
    "randperm": lambda: torch.randperm(6),
    "normal": lambda: torch.normal(0.0, 1.0, (3,)),
    "uniform_": lambda: torch.empty(3).uniform_(-1, 1),
    "exponential_": lambda: torch.empty(3).exponential_(),
    "bernoulli": lambda: torch.bernoulli(torch.full((9,), 0.5)),
    "trunc_normal_": lambda: torch.nn.init.trunc_normal_(torch.empty(9)),
    "orthogonal_": lambda: torch.nn.init.orthogonal_(torch.empty(3, 3)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_every_way_of_drawing_takes_the_seed(name):
    draw = DRAWS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = draw()
    before = torch.get_rng_state()
    with InitialWeights(5):
        found = draw()
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert torch.equal(before, torch.get_rng_state())


def test_tensors_without_memory_draw_nothing():
    with InitialWeights(0):
        assert torch.rand(3, device="meta").is_meta
        torch.empty(3, device="meta").normal_()
