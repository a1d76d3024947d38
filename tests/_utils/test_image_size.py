"""Sizes of images: checked, and how an image fits into one."""

import numpy as np
import pytest

from cxrclf._utils.image_size import (
    check_image_size,
    content_size,
    content_slices,
    pad,
)


def test_image_sizes():
    assert check_image_size(224) == (224, 224)
    assert check_image_size((299, np.int64(331))) == (299, 331)
    for bad in (0, -5, 2.5, (10,), (10, -1), True, "224", None):
        with pytest.raises(ValueError, match="image_size must be a positive int"):
            check_image_size(bad)
    with pytest.raises(ValueError, match=r"^side must be .*; got 0\.$"):
        check_image_size(0, name="side")


@pytest.mark.parametrize(
    ("size", "image_size", "content"),
    [
        ((40, 80), (40, 40), (20, 40)),
        ((80, 40), (40, 40), (40, 20)),
        ((80, 37), (40, 40), (40, 18)),  # 18.5 rounds to 18
        ((10, 20), (40, 40), (20, 40)),
        ((1, 900), (40, 40), (1, 40)),  # at least a pixel
        ((60, 80), (30, 100), (30, 40)),
    ],
)
def test_an_image_is_fitted_or_stretched(size, image_size, content):
    assert content_size(size, image_size, True) == content
    assert content_size(size, image_size, False) == image_size


def test_padding_is_centered_and_an_odd_row_goes_last():
    pixels = np.ones((2, 3), dtype=np.uint16)
    padded = pad(pixels, (5, 6))
    assert padded.dtype == np.uint16
    expected = np.zeros((5, 6))
    expected[1:3, 1:4] = 1
    np.testing.assert_array_equal(padded, expected)
    assert pad(pixels, (2, 3)) is pixels


@pytest.mark.parametrize("size", [(2, 4), (5, 3), (7, 7), (1, 9)])
def test_the_content_is_where_padding_puts_it(size):
    content = np.ones(content_size(size, (8, 9), True), dtype=np.uint8)
    padded = pad(content, (8, 9))
    rows, columns = content_slices(size, (8, 9))
    assert padded[rows, columns].all()
    assert padded.sum() == padded[rows, columns].size
