"""Dropout from a generator of the training's own."""

import numpy as np
import pytest
import torch
from timm.layers import DropPath
from torch import nn

from cxrclf._torch.generator import use_generator
from cxrclf.nets import make_backbone
from cxrclf.nets._dropout import seed_dropout

KINDS = [
    nn.Dropout(0.3),
    nn.Dropout2d(0.3),
    DropPath(0.3),
    DropPath(0.3, scale_by_keep=False),
]


@pytest.mark.parametrize("original", KINDS, ids=repr)
def test_values_are_those_of_torch_and_timm(original):
    x = torch.rand(50, 6, 4, 4, generator=torch.Generator().manual_seed(1))
    seeded = nn.Sequential(type(original)(*_arguments(original)))
    seed_dropout(seeded)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        expected = original(x)
    before = torch.get_rng_state()
    with use_generator(torch.Generator().manual_seed(2)):
        found = seeded(x)
    torch.testing.assert_close(found, expected)
    assert torch.equal(before, torch.get_rng_state())
    assert 0.1 < float((found == 0).float().mean()) < 0.5
    assert seeded.eval()(x) is x


def _arguments(module):
    if isinstance(module, DropPath):
        return module.drop_prob, module.scale_by_keep
    return (module.p,)


def test_without_a_generator_it_is_torchs_dropout():
    seeded = nn.Sequential(nn.Dropout(0.5))
    seed_dropout(seeded)
    x = torch.ones(100)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = nn.functional.dropout(x, 0.5)
        torch.manual_seed(3)
        np.testing.assert_array_equal(seeded(x), expected)


def test_everything_dropped_is_zero():
    seeded = nn.Sequential(nn.Dropout(1.0))
    seed_dropout(seeded)
    assert not seeded(torch.ones(10)).any()


def test_backbones_draw_from_the_generator():
    backbone = make_backbone("fasternet_t1", image_size=64).train()
    x = torch.rand(4, 3, 64, 64)
    before = torch.get_rng_state()
    maps = []
    for seed in (0, 0, 1):
        # The running statistics do not enter in training.
        with use_generator(torch.Generator().manual_seed(seed)), torch.no_grad():
            maps.append(backbone(x))
    assert torch.equal(before, torch.get_rng_state())
    torch.testing.assert_close(maps[0], maps[1])
    assert not torch.allclose(maps[0], maps[2], atol=1e-4)
