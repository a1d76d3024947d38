"""Masks at another size, by nearest neighbor."""

import numpy as np
import pytest

from cxrclf.masks import open_masks, resize_masks
from cxrclf.masks._resize_masks import fit_mask
from mask_files import nearest


def test_of_all_small_sizes():
    for n in range(1, 20):
        codes = np.arange(n, dtype=np.uint8)[None, None]
        for target in range(1, 40):
            mask = open_masks(codes, (1, target), labels=range(20)).gather([0])[0]
            np.testing.assert_array_equal(mask, nearest(codes[0], 1, target))


def test_masks_of_the_size_asked_for_are_not_copied():
    masks = np.zeros((2, 5, 6), dtype=bool)
    assert resize_masks(masks, (5, 6)) is masks


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, object])
def test_the_type_and_the_leading_axes_stay(dtype):
    masks = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).astype(dtype)
    resized = resize_masks(masks, (7, 2))
    assert resized.dtype == dtype
    assert resized.shape == (2, 3, 7, 2)
    np.testing.assert_array_equal(resized[1, 2], nearest(masks[1, 2], 7, 2))


def test_a_fitted_mask_is_padded_with_background():
    mask = np.full((2, 4), 3, dtype=np.uint8)
    fitted = fit_mask(mask, (8, 8), keep_aspect_ratio=True)
    assert fitted[:2].tolist() == fitted[6:].tolist() == [[0] * 8] * 2
    assert (fitted[2:6] == 3).all()
    assert (fit_mask(mask, (8, 8), keep_aspect_ratio=False) == 3).all()
