"""Parts of a training on a pretended GPU, and with `pytest -m gpu` on a real one."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf._training import feature_extractor
from cxrclf.augmentation._noise import keyed_normals
from cxrclf.nets import (
    ClassificationNetwork,
    ConcatBackbone,
    Head,
    SwitchableNorm2d,
    make_backbone,
)

FILL_MODES = ["nearest", "constant", "reflect", "wrap"]
MOVES = Augmentation(
    rotation=30,
    shift=0.1,
    shear=10,
    zoom=0.2,
    crop=0.2,
    horizontal_flip=True,
    vertical_flip=True,
)


@pytest.fixture
def state():
    return np.arange(6, dtype=np.uint64)


@pytest.fixture
def images():
    return torch.rand(6, 1, 48, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_views_are_those_of_the_cpu(fill_mode, dtype, images, state, cuda):
    images = images.to(dtype)
    moves = Augmentation(
        **{**MOVES.get_params(), "noise": 0.05, "fill_mode": fill_mode}
    )
    on_cpu = moves.apply(images, state)
    on_gpu = moves.apply(images.cuda(), state).cpu()
    # Coordinates are rounded differently, by about 1e-5 of a pixel; next to the rim
    # that decides between inside and outside.
    assert (on_gpu - on_cpu).abs().median() < 1e-5
    assert ((on_gpu - on_cpu).abs() > 1e-3).float().mean() < 1e-3


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_masks_move_as_on_the_cpu(fill_mode, images, state, cuda):
    masks = (images < 0.5).float()
    moves = Augmentation(**{**MOVES.get_params(), "fill_mode": fill_mode})
    on_cpu = moves.apply_to_masks(masks, state)
    on_gpu = moves.apply_to_masks(masks.cuda(), state).cpu()
    # Coordinates are rounded differently, by about 1e-5 of a pixel, at ties.
    assert (on_cpu != on_gpu).float().mean() < 1e-3


def test_noise_is_that_of_the_cpu(state, cuda):
    on_cpu, on_gpu = (
        keyed_normals(state, (1, 32, 32), device, torch.float32).cpu()
        for device in ("cpu", "cuda")
    )
    # The inverse error function is another polynomial.
    torch.testing.assert_close(on_gpu, on_cpu, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_switchable_norm(training, images, cuda):
    norm = SwitchableNorm2d(3).train(training)
    maps = images.reshape(2, 3, 48, 64)
    gradients = []
    for device in ("cpu", "cuda"):
        norm.to(device).zero_grad()
        there = maps.detach().to(device, copy=True).requires_grad_()
        norm(there).pow(3).sum().backward()
        gradients.append([there.grad.cpu(), norm.weight.grad.clone().cpu()])
    # Sums over thousands of pixels, in another order.
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "names", [("test_resnet",), ("test_resnet", "test_efficientnet")]
)
@pytest.mark.parametrize("trainable", ["head", 1])
def test_the_frozen_part_by_itself(trainable, names, images, cuda):
    backbones = [make_backbone(name, weights=None, image_size=32) for name in names]
    backbone = backbones[0] if len(backbones) == 1 else ConcatBackbone(backbones)
    net = ClassificationNetwork(backbone, Head(backbone.num_features, 3)).eval().cuda()
    net.set_trainable(trainable)
    assert net.separable
    images = images[..., :32, :32].cuda()
    whole = net(images)
    parts = net(features=net.frozen_features(images))
    torch.testing.assert_close(parts.detach().cpu(), whole.detach().cpu())


def test_the_feature_cache_knows_of_tf32(cuda):
    matmul = torch.backends.cuda.matmul
    name = "fp32_precision" if hasattr(torch.backends.cudnn, "conv") else "allow_tf32"
    before = getattr(matmul, name)
    modes = feature_extractor._float32_modes()
    try:
        # torch then refuses to read `allow_tf32`, where there are both names.
        setattr(matmul, name, "tf32" if name == "fp32_precision" else True)
        assert feature_extractor._float32_modes() != modes
    finally:
        setattr(matmul, name, before)
    assert feature_extractor._float32_modes() == modes
