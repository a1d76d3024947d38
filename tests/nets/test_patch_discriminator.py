"""PatchDiscriminator: shapes, parameters, receptive field and values."""

import torch
from torch import nn

from cxrclf.nets import PatchDiscriminator
from plain_cyclegan import Discriminator, copy_parameters


def test_the_paper_has_2_8_million_parameters():
    assert sum(p.numel() for p in PatchDiscriminator(3).parameters()) == 2_764_737


def test_a_score_depends_on_70_pixels():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(width=2).double()
    # Instance normalization connects all pixels of a map.
    for layer in [*discriminator.layers]:
        if isinstance(layer, nn.InstanceNorm2d):
            layer.forward = lambda x: x
    image = torch.rand(1, 1, 160, 160, dtype=torch.float64, requires_grad=True)
    scores = discriminator(image)
    middle = scores.shape[-1] // 2
    scores[0, 0, middle, middle].backward()
    for axis in (0, 1):
        seen = torch.nonzero(image.grad[0, 0].abs().sum(axis))
        side = int(seen.max() - seen.min()) + 1
        assert side == PatchDiscriminator.receptive_field == 70


def test_there_are_30_by_30_patches_at_256_pixels():
    assert PatchDiscriminator(width=2)(torch.zeros(1, 1, 256, 256)).shape[-2:] == (
        30,
        30,
    )


def test_values_equal_those_of_the_definition():
    own = PatchDiscriminator(2, width=3).double()
    plain = Discriminator(2, 3).double()
    copy_parameters(own, plain)
    images = torch.rand(2, 2, 40, 32, dtype=torch.float64)
    torch.testing.assert_close(own(images), plain(images), rtol=1e-10, atol=1e-12)
