"""Class weights and sample weights against formulas written out."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from cxrclf._training.weights import SampleWeights, training_weights


def test_class_weights_are_punn2020s_and_sample_weights_have_mean_one():
    y = np.array(["a", "a", "a", "b"])
    classes = np.array(["a", "b"])
    balanced = compute_class_weight("balanced", classes=classes, y=y)
    np.testing.assert_allclose(
        training_weights(y, classes, "balanced", None), balanced[[0, 0, 0, 1]]
    )
    # w(c) = C_c * sum(n) / (N * n_c), with C_a = 1 and C_b = 5
    by_hand = [1 * 4 / (2 * 3)] * 3 + [5 * 4 / (2 * 1)]
    np.testing.assert_allclose(training_weights(y, classes, {"b": 5}, None), by_hand)
    # n_c counts sample weights, whose mean is set to one.
    sample_weight = np.array([0, 2.0, 2, 4])
    by_hand = [0, 1 * 8 / (2 * 4), 1 * 8 / (2 * 4), 5 * 8 / (2 * 4) * 2]
    np.testing.assert_allclose(
        training_weights(y, classes, {"b": 5.0}, sample_weight), by_hand
    )
    np.testing.assert_allclose(training_weights(y, classes, None, None), np.ones(4))


def test_class_weights_that_cannot_be_had_are_refused():
    y, classes = np.array([0, 0, 1]), np.arange(3)
    for class_weight in ("balanced", {2: 3.0}):
        with pytest.raises(ValueError, match=r"\[2\] lack them"):
            training_weights(y, classes, class_weight, None)
        with pytest.raises(ValueError, match=r"\[1, 2\] lack them"):
            training_weights(y, classes, class_weight, np.array([1.0, 1, 0]))
    with pytest.raises(ValueError, match="must be non-negative"):
        training_weights(y, np.arange(2), "balanced", np.array([1.0, -1, 1]))
    classes = np.arange(2)
    with pytest.raises(ValueError, match=r"unknown classes \['c'\]"):
        training_weights(y, classes, {"c": 1.0}, None)
    with pytest.raises(ValueError, match="at least one weight above zero"):
        training_weights(y, classes, None, np.zeros(3))
    with pytest.raises(ValueError, match="0 for every sample"):
        training_weights(y, classes, {0: 0, 1: 0}, None)
    for weight in (np.nan, np.inf, -1):
        with pytest.raises(ValueError, match="finite weights"):
            training_weights(y, classes, {0: weight}, None)


def test_a_dict_for_numbers_of_classes():
    y, classes = np.array([0, 0, 0, 1]), np.arange(2)
    by_hand = [2 * 4 / (2 * 3)] * 3 + [5 * 4 / (2 * 1)]
    weights = training_weights(y, classes, {0: 2, 1: 5}, None)
    np.testing.assert_allclose(weights, by_hand)
    message = r"unknown classes \[2\].* name these numbers there.*stratified folds"
    with pytest.raises(ValueError, match=message):
        training_weights(y, classes, {1: 5, 2: 1}, None)
    by_hand = [1 * 4 / (2 * 3)] * 3 + [5 * 4 / (2 * 1)]
    for labels in (y, y + 1, y * 2, y > 0, y * 1.0, np.array(["a", "b"])[y]):
        class_weight = {labels[3].item(): 5}
        weights = training_weights(labels, np.unique(labels), class_weight, None)
        np.testing.assert_allclose(weights, by_hand)


def test_weights_of_rows_are_those_of_the_rows_alone():
    y = np.array(["a", "a", "a", "b", "b"])
    classes = np.unique(y)
    given = np.array([1.0, 0, 2, 3, 4])
    rows = np.array([0, 2, 4])
    np.testing.assert_array_equal(SampleWeights().at(rows), np.ones(3))
    np.testing.assert_allclose(
        SampleWeights(given).at(rows), given[rows] / given[rows].mean()
    )
    weights = SampleWeights(
        given, labels=y, classes=classes, class_weight={"b": 5.0}
    ).at(rows)
    expected = training_weights(y[rows], classes, {"b": 5.0}, given[rows])
    np.testing.assert_array_equal(weights, expected)
    with pytest.raises(ValueError, match="at least one weight above zero"):
        SampleWeights(given).at(np.array([1]))
