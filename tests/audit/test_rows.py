import numpy as np
import pytest

from cxrclf.audit._rows import name_rows, stack_rows
from cxrclf.images import ImageInput


def names(X):
    return name_rows(ImageInput.from_X(X))


def test_names_are_relative_to_the_common_folder():
    paths = ["/data/train/covid/a.png", "/data/test/b.png"]
    assert names(paths) == ["train/covid/a.png", "test/b.png"]
    assert names(["a.png", "b.png"]) == ["a.png", "b.png"]
    assert names(["/data/a.png", "b.png"]) == ["/data/a.png", "b.png"]
    assert names(np.zeros((2, 4, 4))) == ["row 0", "row 1"]


def test_paths_of_any_form_are_stacked():
    stacked = stack_rows(["a.png"], np.array([["b.png"], ["c.png"]], dtype=object))
    assert stacked.tolist() == [["a.png"], ["b.png"], ["c.png"]]


def test_pixels_are_stacked():
    stacked = stack_rows(np.zeros((2, 3, 3)), np.ones((1, 3, 3)))
    assert stacked.sum(axis=(1, 2)).tolist() == [0, 0, 9]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (["a.png"], "X and X_test must both be files or both be pixels"),
        (np.zeros((1, 5, 5)), r"shape \(3, 3\) and type float64, and X_test of shape"),
        (np.zeros((1, 3, 3), np.uint8), "type uint8"),
    ],
)
def test_sets_of_different_kinds(other, message):
    with pytest.raises(ValueError, match=message):
        stack_rows(np.zeros((2, 3, 3)), other)
