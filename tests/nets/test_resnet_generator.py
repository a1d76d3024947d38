"""ResnetGenerator: shapes, parameters and values of the published generator."""

import pytest
import torch
from torch import nn

from cxrclf.nets import ResnetGenerator
from plain_cyclegan import Generator, copy_parameters


def test_the_paper_has_11_4_million_parameters():
    assert sum(p.numel() for p in ResnetGenerator(3).parameters()) == 11_378_179


@pytest.mark.parametrize(("channels", "size"), [(1, (32, 24)), (3, (28, 36))])
def test_the_output_has_the_shape_of_the_input(channels, size):
    generator = ResnetGenerator(channels, width=4, n_blocks=1)
    images = torch.rand(2, channels, *size) * 2 - 1
    outputs = generator(images)
    assert outputs.shape == images.shape
    assert outputs.abs().max() <= 1


@pytest.mark.parametrize("n_blocks", [0, 2])
def test_values_equal_those_of_the_definition(n_blocks):
    own = ResnetGenerator(2, width=4, n_blocks=n_blocks).double()
    plain = Generator(2, 4, n_blocks).double()
    copy_parameters(own, plain)
    images = torch.rand(2, 2, 16, 20, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(own(images), plain(images), rtol=1e-10, atol=1e-12)


def test_a_skip_connection_starts_with_the_image_and_adds_a_change():
    torch.manual_seed(0)
    generator = ResnetGenerator(width=4, n_blocks=1, skip=True).double()
    images = torch.rand(2, 1, 16, 16, dtype=torch.float64) * 2 - 1
    assert torch.equal(generator(images), images)
    nn.init.normal_(generator.output.weight)
    plain = Generator(1, 4, 1).double()
    copy_parameters(generator, plain)
    expected = (images + plain(images)).clamp(-1, 1)
    torch.testing.assert_close(generator(images), expected, rtol=1e-10, atol=1e-12)
    assert (expected.abs() == 1).any()


def test_the_output_is_computed_in_the_precision_of_the_parameters():
    generator = ResnetGenerator(width=4, n_blocks=1)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = generator(torch.rand(1, 1, 16, 16))
    assert outputs.dtype == torch.float32
    # bfloat16 has at most 512 values in [-1, -0.5) and (0.5, 1] and around 0.
    assert not torch.equal(outputs, outputs.bfloat16().float())
