"""Depthwise convolutions: the same function, with gradients nearer to the truth."""

import copy

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from cxrclf.nets import make_backbone
from cxrclf.nets._depthwise import DepthwiseConv2d, replace_depthwise
from tolerances import assert_same_predictions

KINDS = [
    (nn.Conv2d, {"kernel_size": 3, "padding": 1}),
    (nn.Conv2d, {"kernel_size": 5, "padding": 2, "stride": 2, "bias": False}),
    (nn.Conv2d, {"kernel_size": 3, "padding": 2, "dilation": 2}),
    (Conv2dSame, {"kernel_size": 3, "stride": 2, "bias": False}),
]


def make(kind, settings, seed=0):
    torch.manual_seed(seed)
    conv = kind(6, 6, groups=6, **settings)
    images = torch.randn(2, 6, 11, 9).to(memory_format=torch.channels_last)
    return conv, images


def gradients(conv, images, dtype=None):
    images = images.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is not None):
        values = conv(images)
    weighed = values.double() * torch.linspace(-1, 1, values.numel()).view_as(values)
    leaves = [images, *conv.parameters()]
    return [values, *torch.autograd.grad(weighed.sum(), leaves)]


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_is_the_same_convolution(kind, settings):
    conv, images = make(kind, settings)
    ours = DepthwiseConv2d(conv)
    assert ours.weight is conv.weight
    for a, b in zip(gradients(ours, images), gradients(conv, images), strict=True):
        assert_same_predictions(a, b, "float32")


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_in_bfloat16_gradients_are_those_of_float32(kind, settings):
    conv, images = make(kind, settings)
    # Of values that bfloat16 holds exactly, so that nothing but the sums is rounded.
    images = images.bfloat16().float()
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.copy_(parameter.bfloat16())
    ours = gradients(DepthwiseConv2d(conv), images, torch.bfloat16)
    plain = gradients(conv, images, torch.bfloat16)
    exact = gradients(copy.deepcopy(conv).double(), images.double())
    assert ours[0].dtype == plain[0].dtype == torch.bfloat16
    assert_same_predictions(ours[0], plain[0], "bfloat16")
    for a, b in zip(ours[1:], exact[1:], strict=True):
        assert a.dtype == torch.float32
        # What comes in is rounded to the 8 bits of bfloat16, and no sum is.
        assert (a - b).abs().max() <= 2**-8 * b.abs().max()


def test_only_what_is_trained_takes_gradients():
    conv, images = make(*KINDS[0])
    conv.requires_grad_(False)
    ours = DepthwiseConv2d(conv)
    images.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        ours(images).sum().backward()
    assert conv.weight.grad is None
    assert images.grad is not None


def test_depthwise_convolutions_of_a_network_and_no_others():
    model = make_backbone("test_efficientnet").model
    kinds = {type(m) for m in model.modules() if getattr(m, "groups", 1) > 1}
    assert kinds == {DepthwiseConv2d}
    network = nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(8, 8, 1))
    replace_depthwise(network)
    assert {type(m) for m in network} == {nn.Conv2d}
