"""Dilation by a disc whose radius is a fraction of the image's side."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import disk

from cxrclf.preprocessing._dilation import dilate, to_pixels


@pytest.fixture
def mask():
    return np.random.default_rng(0).random((40, 50)) > 0.98


@pytest.mark.parametrize("radius", [1, 2, 3, 7])
def test_it_is_a_dilation_by_a_disc(mask, radius):
    expected = ndimage.binary_dilation(mask, disk(radius))
    np.testing.assert_array_equal(dilate(mask, radius), expected)


@pytest.mark.parametrize("radius", [0, 0.9])
def test_a_radius_below_a_pixel_changes_nothing(mask, radius):
    assert dilate(mask, radius) is mask


def test_an_empty_mask_stays_empty():
    assert not dilate(np.zeros((5, 6), dtype=bool), 3).any()


def test_fractions_are_of_the_shorter_side():
    assert to_pixels(0.1, (40, 60)) == 4
    assert to_pixels(0.1, (7, 60, 24)) == 2
    assert to_pixels(0.0, (40, 60)) == 0
