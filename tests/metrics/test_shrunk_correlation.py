"""Correlations of few patients, which must not cancel the errors of scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.metrics import classification_table, mcnemar_test, proportion_interval
from cxrclf.metrics._shrunk_correlation import correlate, shrunk_correlation


def test_correlate_is_that_of_numpy():
    errors = np.random.default_rng(0).normal(size=(3, 50))
    errors -= errors.mean(axis=1, keepdims=True)
    assert_allclose(correlate(errors), np.corrcoef(errors))
    errors[1] = 0
    assert correlate(errors)[1].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("n_patients", "high", "low"), [(1, 0.2, 0.2), (2, 0.2, 0.2), (4, 0.5, -0.2)]
)
def test_only_correlations_that_narrow_an_interval_are_shrunk(n_patients, high, low):
    # Half of the distance from 0.2 remains for four patients.
    def shrink(over_patients, choose):
        return shrunk_correlation(over_patients, 0.2, n_patients, choose)

    assert shrink(0.8, min) == pytest.approx(high)
    assert shrink(-0.6, max) == pytest.approx(low)
    assert (shrink(-0.6, min), shrink(0.8, max)) == (-0.6, 0.8)


def test_opposite_errors_of_four_patients_do_not_cancel():
    y = np.array(list("aaaaabbbbb") * 4)
    predicted = y.copy()
    predicted[[0, 1, 10, 11]] = "b"
    predicted[[25, 26, 35, 36]] = "a"
    patients = np.repeat([1, 2, 3, 4], 10)
    table = classification_table(y, predicted, intervals=True, groups=patients)
    found = table.overall_intervals["balanced_accuracy"]
    # Each patient misses two images of one class, so the correlation is -1, and -1/2
    # for four patients. Both classes have the same interval.
    rows = y == "a"
    share = proportion_interval(predicted[rows] == "a", groups=patients[rows])
    assert found.value == share.value == 0.8
    assert found.low == pytest.approx(0.8 - (0.8 - share.low) / 2)
    assert found.high == pytest.approx(0.8 + (share.high - 0.8) / 2)


def test_equal_sums_of_three_patients_do_not_cancel():
    a = [1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0]
    b = [1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0]
    groups = np.array([1, 2, 0, 2, 0, 0, 2, 2, 0, 1, 2, 0, 2, 0])
    assert np.array_equal(np.bincount(groups, a), np.bincount(groups, b))
    found = mcnemar_test(np.ones(14), a, b, groups=groups).difference
    of_images = np.corrcoef(a, b)[0, 1]
    correlation = of_images + (1 - of_images) / 3
    share = proportion_interval(a, groups=groups)
    below, above = share.value - share.low, share.high - share.value
    half = np.sqrt(below**2 - 2 * correlation * below * above + above**2)
    assert_allclose(found, [0, -half, half])
    assert half > 0.1
