import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage
from skimage.morphology import disk
from sklearn.base import clone

from cxrclf.datasets import make_chest_radiographs
from cxrclf.preprocessing import MaskDilation


@pytest.fixture(scope="module")
def lungs():
    return make_chest_radiographs(3, image_size=(90, 100), random_state=0).masks


@pytest.mark.parametrize("pixels", [0, 1, 2, 5, 9, 20])
def test_against_dilation_with_a_disc(lungs, pixels):
    masks = lungs.copy()
    masks[0] = False
    masks[0, [0, 40], [0, 50]] = True  # one pixel in the corner, one in the middle
    out = MaskDilation(radius=pixels / 90).fit_transform(masks)
    expected = [ndimage.binary_dilation(mask, disk(pixels)) for mask in masks]
    assert_array_equal(out, expected)


@pytest.mark.parametrize("side", [50, 100, 224])
def test_the_radius_is_a_rounded_fraction_of_the_shorter_side(side):
    masks = np.zeros((1, side, 2 * side), dtype=bool)
    masks[0, 0, 0] = True
    out = MaskDilation(radius=0.05).fit_transform(masks)
    assert out[0, 0].sum() == out[0, :, 0].sum() == 1 + round(0.05 * side)


@pytest.mark.parametrize(
    ("dtype", "inside"),
    [(bool, True), (np.uint8, 255), (np.uint8, 1), (np.int64, 7), (np.int8, -1)],
)
def test_types_and_values_stay(lungs, dtype, inside):
    masks = np.where(lungs, inside, 0).astype(dtype)
    before = masks.copy()
    out = MaskDilation(radius=0.03).fit_transform(masks)
    assert out.dtype == dtype
    assert_array_equal(out != 0, MaskDilation(radius=0.03).transform(lungs))
    assert set(np.unique(out).tolist()) == {0, inside}
    assert_array_equal(masks, before)


def test_empty_and_full_masks_stay():
    masks = np.stack([np.zeros((9, 9), bool), np.ones((9, 9), bool)])
    assert_array_equal(MaskDilation(radius=0.5).fit_transform(masks), masks)
    assert not MaskDilation(radius=0.5).transform(masks[:1]).any()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 5), bool), r"mask\[None\]"),
        (np.zeros((0, 5, 5), bool), r"shape \(0, 5, 5\)"),
        (np.zeros((1, 5, 5)), "float64.*X > 0.5"),
        (np.arange(25).reshape(1, 5, 5), "X > 127"),
        (np.array([[[0, -1, 1]]]), "one other value inside"),
        (np.array([[[2, 1, 1]]]), "one other value inside"),
    ],
)
def test_bad_masks(X, message):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(MaskDilation(), method)(X)


@pytest.mark.parametrize("radius", [-0.1, 1.5, "wide", None])
def test_bad_radius(lungs, radius):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match="radius"):
            getattr(MaskDilation(radius), method)(lungs)


def test_clone():
    assert clone(MaskDilation(0.1)).radius == 0.1
