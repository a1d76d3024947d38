"""Lungs and their boxes, against plain loops."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from cxrclf.audit._lung_regions import LungRegions
from cxrclf.images import ImageInput

PIXELS = np.random.default_rng(0).integers(1, 256, (3, 40, 40), np.uint8)
MASKS = np.zeros((3, 40, 40), np.uint8)
MASKS[0, 10:30, 8:18] = 1
MASKS[0, 12:28, 22:32] = 1
MASKS[1, 20:40, 0:20] = 1
MASKS[2, 10:30, 10:30] = 1
BOXES = [(9, 31, 7, 33), (19, 40, 0, 21), (9, 31, 9, 31)]  # a margin of 5 % a side


def find(masks, pixels=PIXELS):
    return LungRegions(masks, ImageInput.from_X(pixels))


def test_boxes_surround_the_lungs():
    regions = find(MASKS)
    assert regions.found.all()
    assert_array_equal(regions.masks, MASKS != 0)
    for inside, (top, bottom, left, right) in zip(
        regions.fill_boxes((40, 40)), BOXES, strict=True
    ):
        expected = np.zeros((40, 40), bool)
        expected[top:bottom, left:right] = True
        assert_array_equal(inside, expected)


def test_boxes_are_erased_and_lungs_stay():
    regions = find(MASKS)
    erased = regions.erase_boxes(PIXELS)
    inside = regions.fill_boxes((40, 40))
    for image, before, box in zip(erased, PIXELS, inside, strict=True):
        assert_array_equal(image[~box], before[~box])
        assert_array_equal(image[box], int(before[~box].mean()))
    assert_array_equal(regions.keep_lungs(PIXELS), np.where(MASKS, PIXELS, 0))


def test_images_of_other_sizes_and_channels():
    regions = find(MASKS)
    large = np.kron(PIXELS, np.ones((2, 2), np.uint8))
    kept = regions.keep_lungs(large)
    assert_array_equal(kept, np.where(np.kron(MASKS, np.ones((2, 2))), large, 0))
    color = np.stack([PIXELS, PIXELS, PIXELS], axis=-1)
    assert_array_equal(regions.keep_lungs(color)[..., 1], regions.keep_lungs(PIXELS))
    assert_array_equal(regions.erase_boxes(color)[..., 2], regions.erase_boxes(PIXELS))


def test_nothing_of_the_lungs_is_left():
    """Classes that differ only in the lungs look the same without their boxes."""
    other = np.where(MASKS, 255 - PIXELS, PIXELS)
    regions = find(MASKS)
    assert_array_equal(regions.erase_boxes(PIXELS), regions.erase_boxes(other))


def test_lungs_in_the_border_are_counted():
    """The border is two pixels wide. The second lungs touch two sides of it."""
    assert find(MASKS).count_in_border() == 1
    few = MASKS.copy()
    few[0, 20, :3] = few[2, 20, :6] = 1  # 2 of 304 pixels
    assert find(few).count_in_border() == 1


def test_median_box_replaces_lungs_that_are_not_found():
    masks = MASKS.copy()
    masks[1] = 0
    regions = find(masks)
    assert regions.found.tolist() == [True, False, True]
    # The medians of 9, 9; 31, 31; 7, 9 and 33, 31.
    expected = np.zeros((40, 40), bool)
    expected[9:31, 8:32] = True
    assert_array_equal(regions.fill_boxes((40, 40))[1], expected)
    assert_array_equal(regions.masks[1], expected)
    with pytest.raises(ValueError, match="Lungs were found in 1 of 3 images"):
        find(np.stack([masks[0], masks[1], np.ones((40, 40), np.uint8)]))


def test_masks_are_read_from_files(tmp_path):
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    for path, mask in zip(paths, MASKS, strict=True):
        Image.fromarray(mask * 255).resize((80, 80), 0).save(path)
    regions = find(np.array(paths, dtype=object))
    assert regions.masks.shape == (3, 224, 224)
    assert_array_equal(regions.fill_boxes((40, 40)), find(MASKS).fill_boxes((40, 40)))


class Segmenter:
    """Return masks with two classes."""

    classes_ = ("background", "lung")

    def __init__(self, masks):
        self.masks = masks

    def predict(self, X):
        assert len(X) == 3
        return self.masks


def test_segmenters_find_the_lungs():
    names = np.where(MASKS, "lung", "background")
    assert_array_equal(find(Segmenter(names)).masks, MASKS != 0)
    with pytest.raises(ValueError, match=r"3 images returned .* \(2, 40, 40\)"):
        find(Segmenter(names[:2]))
    with pytest.raises(ValueError, match="2 masks for 3 images"):
        find(MASKS[:2])


def test_fitted_unet_finds_the_lungs(small_segmenter, lungs):
    unet = small_segmenter(max_epochs=10, learning_rate=0.02).fit(
        lungs.images, lungs.masks
    )
    regions = find(unet, lungs.images)
    assert_array_equal(regions.masks, unet.predict(lungs.images) != 0)
