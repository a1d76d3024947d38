"""Largest regions and holes against scikit-image."""

import numpy as np
import pytest
from skimage.measure import label, regionprops

from cxrclf.segmentation._regions import clean_mask


def blobs(n_classes, seed):
    rng = np.random.default_rng(seed)
    codes = np.zeros((60, 70), dtype=np.uint8)
    rows, columns = np.mgrid[:60, :70]
    for _ in range(14):
        row, column, radius = (
            rng.integers(0, 60),
            rng.integers(0, 70),
            rng.uniform(2, 9),
        )
        inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
        codes[inside] = rng.integers(0, n_classes)
    return codes


def largest(region, n):
    numbers = label(region, connectivity=2)
    found = sorted(regionprops(numbers), key=lambda r: -r.area)  # stable
    return np.isin(numbers, [r.label for r in found[:n]])


def filled(region):
    return region | ~at_rim(~region)


def at_rim(background):
    numbers = label(background, connectivity=1)
    rim = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    return np.isin(numbers, np.setdiff1d(rim, [0]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("n", [1, 2, 5, 100])
def test_the_largest_regions_of_each_class(seed, n_classes, n):
    codes = blobs(n_classes, seed)
    expected = np.zeros_like(codes)
    for code in range(1, n_classes):
        expected[largest(codes == code, n)] = code
    before = codes.copy()
    np.testing.assert_array_equal(clean_mask(codes, n, False), expected)
    np.testing.assert_array_equal(codes, before)


@pytest.mark.parametrize("seed", range(6))
def test_holes(seed):
    codes = blobs(2, seed)
    codes[20:50, 20:50] = 1
    codes[30:35, 25:45] = codes[40, 30] = 0
    expected = filled(codes == 1)
    assert (expected != codes).sum() >= 101
    np.testing.assert_array_equal(clean_mask(codes, None, True), expected)


def test_what_a_class_encloses():
    codes = np.zeros((20, 20), dtype=np.uint8)
    codes[2:18, 2:18] = 1
    codes[5:9, 5:9] = 0  # a hole
    codes[11:16, 11:16] = 2  # another class in it,
    codes[13, 13] = 0  # with a hole of its own
    codes[0, 10] = 2
    result = clean_mask(codes, None, True)
    expected = codes.copy()
    expected[5:9, 5:9] = 1
    expected[13, 13] = 2
    np.testing.assert_array_equal(result, expected)


def test_other_classes_in_a_hole_stay():
    codes = np.full((20, 20), 2, dtype=np.uint8)
    codes[5:15, 5:15] = 0
    codes[8:12, 8:12] = 1
    expected = np.where(codes == 1, 1, 2)
    np.testing.assert_array_equal(clean_mask(codes, None, True), expected)


def test_a_diagonal_neighbor_is_of_the_region_and_closes_a_hole():
    codes = np.zeros((7, 7), dtype=np.uint8)
    codes[[1, 2, 3, 2], [2, 1, 2, 3]] = 1  # a diamond around (2, 2)
    codes[5, 5] = 1
    result = clean_mask(codes, 1, True)
    expected = codes.copy()
    expected[2, 2], expected[5, 5] = 1, 0
    np.testing.assert_array_equal(result, expected)


def test_what_a_dropped_region_leaves_is_a_hole():
    codes = np.zeros((20, 20), dtype=np.uint8)
    codes[2:12, 2:12] = 1
    codes[6, 6] = 2
    codes[14:18, 14:18] = 2
    result = clean_mask(codes, 1, True)
    assert result[6, 6] == 1
    codes[6, 6] = 1
    np.testing.assert_array_equal(result, codes)


def test_of_equals_the_first_stays():
    codes = np.zeros((5, 9), dtype=np.uint8)
    codes[1:3, 1:3] = codes[1:3, 5:7] = 1
    assert clean_mask(codes, 1, False)[:, :4].sum() == 4


def test_nothing_to_do():
    codes = blobs(3, 0)
    np.testing.assert_array_equal(clean_mask(codes, None, False), codes)
    empty = np.zeros((4, 4), dtype=np.uint8)
    np.testing.assert_array_equal(clean_mask(empty, 2, True), empty)
