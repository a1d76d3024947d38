"""A convolution that takes the place of another one, with its parameters."""

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from cxrclf.nets._shared_conv import SharedConv2d


@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
@pytest.mark.parametrize("bias", [True, False])
def test_parameters_are_shared(kind, bias):
    conv = kind(4, 6, 3, stride=2, dilation=2, groups=2, bias=bias)
    shared = SharedConv2d(conv)
    assert shared.weight is conv.weight
    assert shared.bias is conv.bias
    assert shared.state_dict().keys() == conv.state_dict().keys()
    assert (shared.stride, shared.dilation, shared.groups) == ((2, 2), (2, 2), 2)


@pytest.mark.parametrize("size", [(9, 11), (8, 7), (5, 5)])
def test_it_computes_the_same(size):
    images = torch.rand(2, 4, *size)
    for conv in (
        nn.Conv2d(4, 6, 3, stride=2, padding=1, padding_mode="reflect"),
        Conv2dSame(4, 6, 3, stride=2),
    ):
        shared = SharedConv2d(conv)
        # The same kernels on the same numbers: not even rounding differs.
        assert torch.equal(shared(shared.pad_images(images)), conv(images))


def test_only_plain_convolutions_are_taken():
    class Own(nn.Conv2d):
        pass

    assert SharedConv2d.can_replace(nn.Conv2d(1, 1, 1))
    assert SharedConv2d.can_replace(Conv2dSame(1, 1, 1))
    assert not SharedConv2d.can_replace(Own(1, 1, 1))
    assert not SharedConv2d.can_replace(nn.ConvTranspose2d(1, 1, 1))
