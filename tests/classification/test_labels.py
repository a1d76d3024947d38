"""Labels, weights, groups and phases: checked before any work."""

import numpy as np
import pytest

from cxrclf import CXRClassifier
from cxrclf.classification._labels import (
    CLASSIFICATION,
    check_image_labels,
    check_phases,
    count_right,
    encode_labels,
)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"] * 4, r"one class only, \['a'\]"),
        ([0.1, 0.2, 0.3, 0.45], "Unknown label type"),
        (None, "requires y"),
        ([0, 1, 0], "inconsistent numbers of samples"),
        (np.zeros((4, 32, 32), dtype=bool), "If y holds masks, use UNetSegmenter"),
    ],
)
def test_bad_labels(y, message, small_classifier):
    with pytest.raises(ValueError, match=message):
        small_classifier().fit(np.zeros((4, 32, 32), dtype=np.uint8), y)


def test_labels_become_positions_among_the_classes():
    classes = np.array(["covid", "normal", "pneumonia"])
    codes = encode_labels(np.array(["normal", "covid", "normal"]), classes)
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int64
    with pytest.raises(ValueError, match=r"not among the classes .*: \['flu'\]"):
        encode_labels(np.array(["flu"]), classes)


def test_a_column_of_labels_is_a_vector():
    with pytest.warns(UserWarning, match="column-vector"):
        y = check_image_labels(
            np.array([[0], [1]]), np.zeros((2, 4, 4)), CXRClassifier()
        )
    assert y.tolist() == [0, 1]


def test_phases_become_arrays_of_rows():
    phases = check_phases([[2, 0], np.array([1], dtype=np.uint8)], 3)
    assert [rows.tolist() for rows in phases] == [[2, 0], [1]]
    assert {rows.dtype for rows in phases} == {np.dtype(np.intp)}


def test_the_task_is_that_of_one_class_of_several():
    outputs = np.array([[0.0, np.log(3)], [np.log(4), 0.0]])
    probabilities = CLASSIFICATION.activation(outputs)
    np.testing.assert_allclose(probabilities, [[0.25, 0.75], [0.8, 0.2]])
    assert CLASSIFICATION.decide(probabilities).tolist() == [1, 0]
    assert count_right(outputs, np.array([1, 1])) == 1
    assert CLASSIFICATION.score is count_right
    assert CLASSIFICATION.score_name == "accuracy"
