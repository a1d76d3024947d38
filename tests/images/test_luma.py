"""Colors and opacity to gray, compared with Pillow and with floats."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.images._luma import blend_with_black, to_luma


def test_colors_of_8_bits_are_those_of_pillow():
    colors = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    colors[0, 0], colors[0, 1] = 0, 255
    gray = to_luma(colors)
    assert gray.dtype == np.uint8
    np.testing.assert_array_equal(
        gray, np.asarray(Image.fromarray(colors).convert("L"))
    )


def test_equal_channels_of_16_bits_stay():
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(to_luma(np.dstack([levels] * 3)), levels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_opacity(dtype):
    top = np.iinfo(dtype).max
    pixels, alpha = np.random.default_rng(0).integers(0, top + 1, (2, 50, 50))
    pixels[0, :3], alpha[0, :3] = top, [0, 1, top]
    blended = blend_with_black(pixels.astype(dtype), alpha.astype(dtype))
    assert blended.dtype == dtype
    np.testing.assert_array_equal(blended, np.rint(pixels * alpha / top))
