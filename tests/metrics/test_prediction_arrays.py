"""Checks of the arrays of predictions. test_predictions.py has the errors."""

import numpy as np
import pytest

from cxrclf.metrics._prediction_arrays import (
    as_label_array,
    check_class_scores,
    check_classes,
    check_whole_numbers,
)


def test_labels_of_text_have_the_type_of_text():
    labels = as_label_array(np.array(["b", "a"], dtype=object), "y_true")
    assert labels.dtype.kind == "U"
    assert labels.tolist() == ["b", "a"]


def test_classes_are_sorted():
    labels = np.array(["b", "a"])
    assert check_classes(None, labels, labels).tolist() == ["a", "b"]
    assert check_classes(["c", "b", "a"], labels, labels).tolist() == ["a", "b", "c"]


def test_one_column_of_two_classes_becomes_two():
    classes = np.array([0, 1])
    found = check_class_scores([0.25, 1.0], 2, classes)
    np.testing.assert_array_equal(found, [[0.75, 0.25], [0, 1]])
    found = check_class_scores([-1.0, 2.0], 2, classes)
    np.testing.assert_array_equal(found, [[1, -1], [-2, 2]])
    with pytest.raises(ValueError, match=r"= \(2, 3\), got \(2,\)"):
        check_class_scores([0.25, 1.0], 2, np.arange(3))


def test_whole_numbers():
    found = check_whole_numbers(np.array([0, 3], np.uint8), "rows", 2)
    assert found.dtype == np.int64
    assert found.tolist() == [0, 3]
    with pytest.raises(ValueError, match="rows must be whole numbers"):
        check_whole_numbers([0, -1], "rows", 2)
