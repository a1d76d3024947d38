"""From stored pixels to probabilities."""

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import nn

from cxrclf.export._predictor import Predictor


class Fixed(nn.Module):
    """Return fixed outputs, and remember the input."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = torch.from_numpy(outputs)

    def forward(self, pixels):
        self.pixels = pixels
        return self.outputs


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 3), lambda x: softmax(x, 1)),
        ((2, 1, 4, 5), lambda x: expit(x)[:, 0]),
        ((2, 3, 4, 5), lambda x: np.moveaxis(softmax(x, 1), 1, -1)),
    ],
)
def test_activation(shape, expected):
    outputs = np.random.default_rng(0).normal(size=shape)
    found = Predictor(Fixed(outputs), color=False)(torch.zeros((2, 4, 5)))
    np.testing.assert_allclose(found, expected(outputs))


@pytest.mark.parametrize("color", [False, True])
def test_pixels(color):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 4, 5) + (3,) * color, dtype=np.uint8)
    network = Fixed(np.zeros((2, 3)))
    Predictor(network, color=color)(torch.from_numpy(images))
    expected = np.moveaxis(images, -1, 1) if color else images[:, None]
    np.testing.assert_array_equal(network.pixels, np.float32(expected) / 255)
