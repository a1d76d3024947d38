"""Choice of the classes to score or to draw."""

import pytest

from cxrclf.metrics._class_choice import choose_classes, not_in


@pytest.mark.parametrize(
    ("classes", "known", "expected"),
    [
        (None, ["a", "b"], ["b"]),
        (None, ["a", "b", "c"], ["a", "b", "c"]),
        (None, ["a"], ["a"]),
        ("a", ["a", "b"], ["a"]),
        ([2, 0], [0, 1, 2], [2, 0]),
    ],
)
def test_classes(classes, known, expected):
    assert choose_classes(classes, known) == expected


@pytest.mark.parametrize("classes", [["d"], []])
def test_classes_that_do_not_exist(classes):
    with pytest.raises(ValueError, match="classes must be some of"):
        choose_classes(classes, ["a", "b"])


def test_labels_that_are_not_known():
    assert not_in(["a", "d"], ["a", "b"]) == ["d"]
