import numpy as np
import pytest

from cxrclf.metrics._probabilities import check_columns, check_probabilities


def test_one_column_becomes_two():
    codes, values, classes = check_probabilities(["b", "a"], [0.25, 1.0])
    assert codes.tolist() == [1, 0]
    assert values.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert classes.tolist() == ["a", "b"]
    np.testing.assert_array_equal(check_columns([[0.25], [1.0]]), values)


def test_classes_are_sorted():
    proba = np.full((2, 3), 1 / 3)
    codes, _, classes = check_probabilities(["b", "c"], proba, ["c", "b", "a"])
    assert codes.tolist() == [1, 2]
    assert classes.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("y_true", "y_proba", "classes", "message"),
    [
        ([], [], None, "There are no images"),
        ([0, 1], [0.5, 1.5], None, "in \\[0, 1\\].* values from -0.5 to 1.5"),
        ([0, 1], [[0.5, 0.4], [0.5, 0.5]], None, "row 0 sums to 0.9"),
        ([0, 1], [[0.2, 0.3, 0.5]] * 2, None, "shape .* = \\(2, 2\\), got \\(2, 3\\)"),
        ([0, 1], [0.5], None, "got \\(1, 2\\)"),
        ([0, 2], [0.5, 0.5], [0, 1], "labels \\[2\\], which classes lacks"),
        (["a"], [0.5], [0, 1], "labels \\['a'\\], which classes lacks"),
        ([0, 1], [0.5, np.nan], None, "y_proba contains NaN"),
    ],
)
def test_invalid_values(y_true, y_proba, classes, message):
    with pytest.raises(ValueError, match=message):
        check_probabilities(y_true, y_proba, classes)
