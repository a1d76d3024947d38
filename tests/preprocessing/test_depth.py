"""Pixels from one type to another at the same brightness."""

import numpy as np
import pytest

from cxrclf.preprocessing._depth import from_uint8, from_unit, to_uint8

ALL = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_8_bits_go_round(dtype):
    images = from_uint8(ALL, np.dtype(dtype))
    assert images.dtype == dtype
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    np.testing.assert_allclose(images / top, ALL / 255, rtol=1e-6)
    np.testing.assert_array_equal(to_uint8(images), ALL)


def test_16_bits_are_rounded():
    images = np.array([0, 128, 129, 65535], dtype=np.uint16)  # 128.5 is 0.5 of 257
    assert to_uint8(images).tolist() == [0, 0, 1, 255]


def test_8_bits_are_not_copied():
    assert to_uint8(ALL) is ALL
    assert from_uint8(ALL, np.dtype(np.uint8)) is ALL


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.uint8, [0, 128, 255]),
        (np.uint16, [0, 32768, 65535]),
        (np.float32, [0, 0.5, 1]),
    ],
)
def test_pixels_from_0_to_1(dtype, expected):
    pixels = from_unit(np.array([0, 0.5, 1]), np.dtype(dtype))
    assert pixels.dtype == dtype
    assert pixels.tolist() == expected
