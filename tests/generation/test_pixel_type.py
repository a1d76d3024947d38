"""Pixels of X from the output of a generator."""

import numpy as np
import pytest

from cxrclf.generation._pixel_type import count_channels, to_pixels

VALUES = np.array([-0.2, 0.0, 0.5, 1.0, 1.3])[None, None, None]


@pytest.mark.parametrize(
    ("dtype", "bits", "expected"),
    [
        (np.uint8, None, [0, 0, 128, 255, 255]),
        (np.uint8, 12, [0, 0, 128, 255, 255]),
        (np.uint16, None, [0, 0, 32768, 65535, 65535]),
        (np.uint16, 12, [0, 0, 2048, 4095, 4095]),
        (np.float32, None, [0, 0, 0.5, 1, 1]),
    ],
)
def test_the_maximum_of_the_type_stands_for_one(dtype, bits, expected):
    pixels = to_pixels(VALUES, np.dtype(dtype), bits)
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels[0, 0, :, 0], expected)


def test_channels_come_last():
    assert to_pixels(np.zeros((2, 3, 4, 5)), np.dtype("u1")).shape == (2, 4, 5, 3)


@pytest.mark.parametrize(
    ("shape", "n"), [(None, 1), ((4, 5), 1), ((4, 5, 1), 1), ((4, 5, 3), 3)]
)
def test_channels_are_counted(shape, n):
    assert count_channels(shape) == n
