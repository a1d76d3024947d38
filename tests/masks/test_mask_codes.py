"""Values of masks as numbers of classes."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.masks import check_mask_labels, mask_codes, open_masks


def test_arrays_with_labels(classes):
    stack = np.array([10, 0, 200])[np.stack([classes, classes[::-1]])]
    opened = open_masks(stack, labels=(10, 0, 200))
    np.testing.assert_array_equal(opened.gather([1, 0]), [classes[::-1], classes])
    stack[1, 0, 0] = 11
    with pytest.raises(
        ValueError, match=r"The array of masks has the values \[11\], which are not"
    ):
        open_masks(stack, labels=(10, 0, 200))


@pytest.mark.parametrize("values", [(0, 1, 2), (1, 2), (-1, 0), (0, 0.2, 0.9)])
def test_arrays_of_other_values_need_labels(values):
    masks = np.resize(np.array(values), (2, 3, 4))
    with pytest.raises(ValueError, match="as 0 and one other value, but has") as caught:
        open_masks(masks)
    assert str(np.unique(masks).tolist()) in str(caught.value)


def test_nan_is_no_mask():
    masks = np.zeros((1, 2, 2))
    masks[0, 0, 0] = np.nan
    for labels in (None, (0, 1)):
        with pytest.raises(ValueError, match="nan"):
            open_masks(masks, labels=labels)


@pytest.mark.parametrize(
    "labels", [(), (0,), (0, 0), (0, 1, 1), 3, [[0, 1]], range(257)]
)
@pytest.mark.parametrize("in_files", [False, True])
def test_labels_are_2_to_256_different_values(labels, in_files):
    with pytest.raises(ValueError, match="labels must be 2 to 256 different values"):
        check_mask_labels(labels, in_files=in_files)


@pytest.mark.parametrize("labels", [(-1, 0), (0, 65536), (0, 0.5), ("a", "b")])
def test_labels_of_files_are_values_that_a_file_holds(labels):
    assert check_mask_labels(labels).tolist() == list(labels)
    with pytest.raises(ValueError, match="must be .* from 0 to 65535"):
        check_mask_labels(labels, in_files=True)


@pytest.mark.parametrize(("top", "dtype"), [(2, "u1"), (256, "u2"), (65535, "u2")])
def test_labels_of_files_have_the_smallest_type(top, dtype):
    assert check_mask_labels([0, top], in_files=True).dtype == dtype


@pytest.mark.parametrize("dtype", [bool, "u1", "u2", "i8", "f4", "f8"])
def test_two_classes_in_every_type(dtype):
    values = np.array([[0, 1], [1, 0]], dtype=dtype)
    codes = mask_codes(values)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[0, 1], [1, 0]]
    assert mask_codes(np.zeros((2, 2), dtype=dtype)).tolist() == [[0, 0], [0, 0]]


def test_values_of_the_object():
    masks = np.array([[0, 7]])
    assert mask_codes(masks).tolist() == [[0, 1]]
    assert mask_codes(masks, object_values=(0, 7)).tolist() == [[0, 1]]
    with pytest.raises(ValueError, match=r"^y must .* as 0 and 1, or 0 and 255, but"):
        mask_codes(masks, name="y", object_values=(0, 1, 255))


def test_labels_of_any_type():
    masks = np.array([["heart", "none"], ["lung", "lung"]])
    codes = mask_codes(masks, ["none", "lung", "heart"])
    assert codes.tolist() == [[2, 0], [1, 1]]
    with pytest.raises(ValueError, match=r"\['heart'\], which are not among"):
        mask_codes(masks, ["none", "lung"])


@pytest.mark.parametrize(
    ("values", "threshold"),
    [([0.2, 0.9], "masks > 0.5"), ([0, 60, 200], "masks > 127"), ([0.0, 9, 80], "127")],
)
def test_the_threshold_fits_the_values(values, threshold):
    with pytest.raises(ValueError, match=f"apply a threshold, .*{threshold}\\."):
        mask_codes(np.array([values]))


def test_many_values_are_shortened():
    with pytest.raises(ValueError, match=r"\[0, 1, 2, 3, 4\] and 15 more\. Name"):
        mask_codes(np.arange(20))


def test_one_bit_images_of_pillow_have_the_codes_0_and_1():
    mask = np.array([[False, True], [True, True]])
    values = np.asarray(Image.fromarray(mask))
    assert values.dtype == bool
    assert mask_codes(values).tolist() == mask.astype(int).tolist()
