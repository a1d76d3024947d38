import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from cxrclf.metrics import corrected_resampled_t_test

A = [0.91, 0.94, 0.90, 0.95, 0.93]
B = [0.88, 0.92, 0.89, 0.90, 0.92]


def test_statistic_is_that_of_the_paired_test_with_a_larger_variance():
    found = corrected_resampled_t_test(A, B, n_train=400, n_test=100)
    plain = ttest_rel(A, B)
    factor = np.sqrt((1 / 5) / (1 / 5 + 100 / 400))
    assert found.statistic == pytest.approx(plain.statistic * factor)
    assert found.p_value == pytest.approx(2 * t.sf(plain.statistic * factor, 4))
    interval = plain.confidence_interval(0.95)
    half = (interval.high - interval.low) / 2 / factor
    mean = np.mean(np.subtract(A, B))
    assert found.difference == pytest.approx((mean, mean - half, mean + half))


def test_equal_differences_have_no_variance():
    found = corrected_resampled_t_test(A, A, n_train=4, n_test=1)
    assert found.difference == (0, 0, 0)
    assert (found.statistic, found.p_value) == (0, 1)
    found = corrected_resampled_t_test([0.75, 0.5], [0.5, 0.25], n_train=4, n_test=1)
    assert (found.statistic, found.p_value) == (np.inf, 0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scores_b": [0.5]}, "one score per fold, and 2 folds or more; they have 2"),
        ({"scores_a": [0.5], "scores_b": [0.5]}, "they have 1 and 1 scores"),
        ({"scores_a": [0.5, np.nan]}, "scores_a contains NaN"),
        ({"scores_b": 0.8}, r"scores_b must have shape \(n,\), got 0.8"),
        (
            {"scores_a": [[1, 2]]},
            r"scores_a must have shape \(n,\), got shape \(1, 2\)",
        ),
        ({"n_test": 0}, "n_test must be an int, 1 or more"),
        ({"n_train": 10.0}, "n_train must be an int, 1 or more"),
    ],
)
def test_invalid_parameters(parameters, message):
    valid = {"scores_a": [1, 2], "scores_b": [1, 1], "n_train": 4, "n_test": 1}
    with pytest.raises(ValueError, match=message):
        corrected_resampled_t_test(**(valid | parameters))
