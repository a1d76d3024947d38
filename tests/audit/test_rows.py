import numpy as np
import pytest

from cxrclf.audit._rows import check_lengths, name_rows, stack_rows, stack_values
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


def test_lists_and_data_frames_stay_what_they_are():
    assert stack_rows(["a.png"], ["b.png"]) == ["a.png", "b.png"]
    pandas = pytest.importorskip("pandas")
    one = pandas.DataFrame({"path": ["a.png"], "age": [40]})
    two = pandas.DataFrame({"path": ["b.png"], "age": [50]})
    both = stack_rows(one, two)
    assert both["age"].tolist() == [40, 50]
    assert both.index.tolist() == [0, 1]
    with pytest.raises(ValueError, match="X has the columns .* and X_ext .*'path'"):
        stack_rows(one, two[["path"]], "X_ext")


def test_values_of_two_sets():
    assert stack_values(np.array([1]), np.array([2.0]), "ab").tolist() == [1, 2]
    mixed = np.array(["a", 3], dtype=object)[:1], np.array(["b"])
    assert stack_values(*mixed, "ab").tolist() == ["a", "b"]
    for values in (
        (np.array([1.0]), np.array(["1"])),
        (np.array(["1"]), np.array([1])),
    ):
        with pytest.raises(ValueError, match="groups(_test)? has text and groups"):
            stack_values(*values, ("groups", "groups_test"))


def test_each_set_has_its_own_length():
    with pytest.raises(ValueError, match="X_ext has 2 images and y_ext has 3 labels"):
        check_lengths(np.zeros((2, 3, 3)), np.arange(3), ("X_ext", "y_ext"))
