"""Pixels in the range that a network expects."""

import numpy as np
import pytest
import torch

from cxrclf.nets._normalization import Normalization

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("mean", "std"), [(MEAN, STD), ((0.5,) * 3, (0.25,) * 3)])
def test_values_are_those_of_numpy(channels, mean, std):
    pixels = torch.rand(2, channels, 4, 5)
    expected = np.repeat(pixels.numpy(), 3 // channels, axis=1)
    expected = (expected - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    normalized = Normalization(mean, std)(pixels)
    assert normalized.shape == (2, 3, 4, 5)
    torch.testing.assert_close(normalized.double().numpy(), expected, rtol=0, atol=1e-6)


def test_a_gray_image_stays_one_channel_in_memory_where_it_can():
    normalize = Normalization((0.5,) * 3, (0.25,) * 3)
    for pixels in (torch.rand(2, 1, 4, 5), torch.rand(2, 1, 4, 5).expand(2, 3, 4, 5)):
        assert normalize(pixels).stride(1) == 0


def test_networks_of_other_numbers_of_channels():
    assert Normalization((0.2,), (0.1,))(torch.rand(2, 1, 4, 4)).shape == (2, 1, 4, 4)
    assert Normalization((0.0,) * 5, (1.0,) * 5).n_channels == 5


def test_it_adds_nothing_to_the_state_and_follows_the_type():
    normalize = Normalization(MEAN, STD)
    assert not normalize.state_dict()
    assert normalize.double()(torch.rand(1, 3, 2, 2).double()).dtype == torch.float64
