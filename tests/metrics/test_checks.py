import numpy as np
import pytest

from cxrclf.metrics._checks import check_binary, check_bound_names, check_scores


@pytest.mark.parametrize(
    "values", [[True, False], [1, 0], [1.0, 0.0], np.array([1, 0], np.uint8)]
)
def test_bool_and_0_and_1_become_bool(values):
    found = check_binary(values)
    assert found.dtype == bool
    assert found.tolist() == [True, False]


@pytest.mark.parametrize("values", [["covid", "normal"], [1, 2], [0.5, 1]])
def test_other_values_fail_with_the_remedy(values):
    with pytest.raises(ValueError, match='y_true must have only .* y_true == "covid"'):
        check_binary(values)


def test_missing_values_fail():
    with pytest.raises(ValueError, match="missing"):
        check_binary([1, np.nan])
    with pytest.raises(ValueError, match="NaN"):
        check_scores([0.5, np.nan], 2)


def test_scores_have_one_number_per_sample():
    assert check_scores([[1], [2]], 2).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="y_score has 2 values, but y_true has 3"):
        check_scores([1, 2], 3)


def test_names_of_bounds_differ_from_names_of_scores():
    check_bound_names(["accuracy", "accuracy_low", "accuracy_high", "accuracy_lower"])
    message = "'f1_x_low' is the name of a score, and of 'f1_x' with .* Rename the cl"
    with pytest.raises(ValueError, match=message):
        check_bound_names(["f1_x", "f1_x_low", "f1_x_high", "f1_x_low"])
