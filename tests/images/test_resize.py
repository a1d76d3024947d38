"""Gray pixels at a working size."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.images import _resize as resize_module
from cxrclf.images import read_image
from cxrclf.images._resize import resize
from image_files import resized, saved


def test_16_bits_survive_resizing(tmp_path, deep):
    pixels = read_image(saved(tmp_path, deep), (17, 23))
    assert pixels.dtype == np.uint16
    # Pillow computes in float32, of which one ulp is 0.004 here, then rounds.
    np.testing.assert_allclose(pixels, resized(deep, 17, 23), atol=0.52)


def test_16_bits_do_not_overflow(tmp_path):
    white = np.full((8, 8), 65535, dtype=np.uint16)
    assert (read_image(saved(tmp_path, white), 5) == 65535).all()


@pytest.mark.parametrize("size", [(20, 30), (100, 40), (61, 200), (61, 83)])
def test_resizing_is_antialiased_bilinear(tmp_path, scan, size):
    pixels = read_image(saved(tmp_path, scan), size)
    assert pixels.shape == size
    assert pixels.dtype == np.uint8
    # Pillow rounds to 8 bits after the rows and again after the columns.
    np.testing.assert_allclose(pixels, resized(scan, *size), atol=1.01)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_type_stays(deep, dtype):
    pixels = (deep % 256).astype(dtype)
    smaller = resize(pixels, (9, 70))
    assert smaller.dtype == dtype
    # Integers are rounded; Pillow computes floats in single precision.
    atol = 1.01 if dtype in (np.uint8, np.uint16) else 1e-3
    np.testing.assert_allclose(smaller, resized(pixels, 9, 70), atol=atol)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("piece", [1, 350, 10**6])  # rows of 1, 7 and 40
def test_pieces_change_no_bit(deep, dtype, piece, monkeypatch):
    monkeypatch.setattr(resize_module, "_PIECE", piece)
    whole = Image.fromarray(deep.astype(np.float32))
    for size in ((9, 70), (13, 20), (90, 120)):
        expected = np.asarray(whole.resize(size[::-1], Image.Resampling.BILINEAR))
        if dtype == np.uint16:
            expected = np.rint(expected)
        np.testing.assert_array_equal(resize(deep.astype(dtype), size), expected)


def test_pixels_of_the_size_asked_for_are_not_copied(scan):
    assert resize(scan, scan.shape) is scan


def test_a_last_row_and_column_that_are_partly_covered():
    # An image of 4.5 by 3.5 pixels, of which the last row and column hold one half.
    pixels = np.full((5, 4), 10.0, dtype=np.float32)
    pixels[-1] = 40
    whole = resize(pixels, (1, 1))
    part = resize(pixels, (1, 1), (4.5, 3.5))
    assert 10 < part < whole
