"""choose_classes: source and generated classes, and errors."""

import numpy as np
import pytest

from cxrclf.generation._class_choice import choose_classes

Y = np.repeat(["covid", "normal", "pneumonia"], [3, 9, 6])


@pytest.mark.parametrize(
    ("source", "labels", "expected"),
    [
        (None, None, ("normal", ["covid"])),
        ("pneumonia", None, ("pneumonia", ["covid"])),
        ("covid", None, ("covid", ["pneumonia"])),
        (None, ["covid", "pneumonia"], ("normal", ["covid", "pneumonia"])),
        (None, np.array(["normal"]), ("pneumonia", ["normal"])),
        (None, ["covid", "covid"], ("normal", ["covid"])),
    ],
)
def test_classes_are_chosen_by_size(source, labels, expected):
    assert choose_classes(Y, source, labels) == expected


def test_numbers_are_plain_numbers():
    source, labels = choose_classes(np.array([0, 0, 1, 1, 1]), None, np.array([0]))
    assert (type(source), type(labels[0])) == (int, int)


@pytest.mark.parametrize(
    ("y", "source", "labels", "message"),
    [
        (["a", "a"], None, None, "only the class 'a'"),
        (Y, "cancer", None, "no class 'cancer'"),
        (Y, None, ["cancer"], "no class 'cancer'"),
        (Y, None, [], "labels is empty"),
        (Y, "covid", ["covid"], "source='covid' is also"),
        (Y, None, ["covid", "normal", "pneumonia"], "no other class is left"),
        (["a", "b", "b"], None, None, "'a' has 1 image.*AugmentedOverSampler"),
    ],
)
def test_impossible_choices_name_the_remedy(y, source, labels, message):
    with pytest.raises(ValueError, match=message):
        choose_classes(np.array(y), source, labels)
