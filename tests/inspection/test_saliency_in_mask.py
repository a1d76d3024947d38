"""Share of a map in a mask, and the pointing game."""

import numpy as np
import pytest

from cxrclf.inspection import baseline_maps, saliency_in_mask


def test_scores_of_small_maps_by_hand():
    maps = np.array([[[3, 1], [-5, 0]], [[0, 1], [2, 1]]])
    masks = np.array([[[1, 0], [0, 0]], [[1, 1], [0, 0]]], bool)
    scores = saliency_in_mask(maps, masks)
    expected = {
        "share": [3 / 4, 1 / 4],
        "hit": [1, 0],
        "area": [1 / 4, 1 / 2],
        "share - area": [1 / 2, -1 / 4],
        "hit - area": [3 / 4, -1 / 2],
    }
    assert list(scores.values) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(scores.values[name], values)


def test_uniform_map_scores_the_area(lungs):
    maps = baseline_maps(lungs.images, "uniform")
    scores = saliency_in_mask(maps, lungs.masks, groups=lungs.groups)
    area = lungs.masks.mean((1, 2))
    for name in ("share", "hit", "area"):
        np.testing.assert_allclose(scores.values[name], area)
    assert scores.n_patients == len(set(lungs.groups))


def test_largest_value_at_several_pixels_counts_by_its_fraction():
    maps = np.array([[[2, 2, 2, 0]]])
    masks = np.array([[[1, 0, 0, 1]]])
    assert saliency_in_mask(maps, masks).values["hit"] == pytest.approx(1 / 3)


def test_empty_masks_and_maps_without_positive_values_are_nan():
    maps = np.array([[[1.0, 0]], [[0, -1]]])
    masks = np.array([[[0, 0]], [[1, 0]]])
    scores = saliency_in_mask(maps, masks)
    for name, values in scores.values.items():
        assert np.isnan(values[0])
        assert np.isnan(values[1]) == (name != "area")
    assert scores.n_used == {name: int(name == "area") for name in scores.values}


def test_sums_of_small_float_types_do_not_overflow():
    maps = np.full((1, 4, 4), 60_000, np.float16)
    masks = np.zeros((1, 4, 4), bool)
    masks[:, :1] = True
    assert saliency_in_mask(maps, masks).values["share"] == 0.25


def test_forms_of_masks_have_the_same_scores(lungs, lung_files):
    maps = baseline_maps(lungs.images, "edges")
    expected = saliency_in_mask(maps, lungs.masks).values
    forms = [lungs.masks * 255, lungs.masks * 1.0, lung_files.masks, lung_files.pairs]
    for masks in forms:
        found = saliency_in_mask(maps, masks).values
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


def test_files_are_read_at_the_size_of_the_maps(lungs, lung_files):
    scores = saliency_in_mask(np.ones((12, 16, 64)), lung_files.masks)
    centers = lungs.masks[:, 1::2].repeat(2, axis=2)  # nearest neighbor
    np.testing.assert_allclose(scores.values["area"], centers.mean((1, 2)))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((3, 8, 8), bool), r"\(3, 4, 4\).*\(3, 8, 8\).*size=\(8, 8\)"),
        (np.zeros((2, 4, 4), bool), r"\(2, 4, 4\). Pass one mask per map"),
        (["a.png", "b.png"], "There are 3 maps, but 2 masks"),
        (np.arange(48).reshape(3, 4, 4), "masks of two classes"),
    ],
)
def test_masks_that_do_not_fit(masks, message):
    with pytest.raises(ValueError, match=message):
        saliency_in_mask(np.zeros((3, 4, 4)), masks)
