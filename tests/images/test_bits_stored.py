"""Pixels of a few bits, scaled to 16 bits."""

import tracemalloc

import numpy as np
import pytest

from cxrclf.images import scale_bits


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint32, np.int64])
def test_each_pixel_is_scaled_and_rounded(bits, dtype):
    pixels = np.arange(2**bits, dtype=dtype).reshape(2, -1)
    scaled = scale_bits(pixels, bits)
    assert scaled.dtype == np.uint16
    expected = np.rint(pixels * 65535.0 / (2**bits - 1))
    np.testing.assert_array_equal(scaled, expected)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5, 3), (2, 3, 4), (1, 9)])
def test_any_shape(shape, monkeypatch):
    monkeypatch.setattr("cxrclf.images._bits_stored._PIECE", 4)
    pixels = np.random.default_rng(0).integers(0, 1024, shape, dtype=np.uint16)
    expected = np.rint(pixels * 65535.0 / 1023)
    assert scale_bits(pixels, 10).shape == shape
    np.testing.assert_array_equal(scale_bits(pixels, 10), expected)


@pytest.mark.parametrize("order", [">u2", "<u2"])
def test_any_byte_order_and_layout(order):
    pixels = np.arange(40, dtype=order).reshape(5, 8)[::2, ::-1]
    expected = np.rint(pixels * 65535.0 / 4095)
    np.testing.assert_array_equal(scale_bits(pixels, 12), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_8_bits_stay(dtype):
    pixels = np.array([[0, 100]], dtype=dtype)
    assert scale_bits(pixels, 12) is pixels


def test_pixels_are_not_changed_and_memory_is_bounded():
    pixels = np.full((64, 256, 256), 4095, dtype=np.uint16)
    tracemalloc.start()
    scaled = scale_bits(pixels, 12)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (scaled == 65535).all()
    assert (pixels == 4095).all()
    assert peak < 3.5 * pixels.size  # 2 bytes per pixel, and one piece


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ([0, 4096], "reach 4096, beyond the 4095 of bits_stored=12"),
        ([0, 4096], "set bits_stored=13 or more"),
        ([0, 65535], "set bits_stored=16"),
        ([0, -3], "negative"),
        ([0, 70000], "beyond 16 bits"),
        ([0.5, 1], "must be ints; got float64"),
    ],
)
def test_other_pixels_are_refused(pixels, message):
    with pytest.raises(ValueError, match=message):
        scale_bits(np.array(pixels), 12)


@pytest.mark.parametrize("bits", [None, 1, 17, 0, -2, 12.0, True, "12"])
def test_other_numbers_of_bits_are_refused(bits):
    with pytest.raises(ValueError, match="bits_stored must be"):
        scale_bits(np.zeros((2, 2), np.uint16), bits)
