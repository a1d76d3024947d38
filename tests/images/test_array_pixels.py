"""Pixels in memory as images."""

import numpy as np
import pytest

from cxrclf.exceptions import PixelRangeWarning
from cxrclf.images import ImageInput


def pixels_of(X, image_shape=None):
    images = ImageInput.from_X(X, image_shape=image_shape)
    images.warn_of_range()
    return images.pixels


def test_arrays_become_images():
    assert pixels_of(np.zeros((4, 12))).shape == (4, 1, 1, 12)
    assert pixels_of(np.zeros((4, 12)), (3, 4)).shape == (4, 3, 4)
    assert pixels_of(np.zeros((4, 12)), (2, 2, 3)).shape == (4, 2, 2, 3)
    with pytest.raises(ValueError, match="rows of 12 values"):
        pixels_of(np.zeros((4, 12)), (3, 5))
    with pytest.raises(ValueError, match=r"Got an array of shape \(1, 2, 3, 4, 5\)"):
        pixels_of(np.zeros((1, 2, 3, 4, 5)))
    with pytest.raises(ValueError, match=r"image_shape is \(3, 4\)"):
        pixels_of(np.zeros((2, 5, 5)), (3, 4))
    with pytest.warns(PixelRangeWarning, match="Divide 8-bit pixels by 255"):
        pixels_of(np.full((1, 4, 4), 200.0))
    with pytest.warns(PixelRangeWarning, match="as uint8"):
        pixels_of(np.full((1, 4, 4), 200, dtype=np.int64))


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32])
def test_eight_bits_in_a_wider_type_warn(dtype):
    with pytest.warns(PixelRangeWarning, match="as uint8"):
        pixels_of(np.full((1, 4, 4), 255, dtype=dtype))
    pixels_of(np.full((1, 4, 4), np.iinfo(dtype).max, dtype=dtype))  # no warning
