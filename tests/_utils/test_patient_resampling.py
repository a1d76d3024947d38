"""Means of images and their intervals, from resampling patients."""

import numpy as np
import pytest
from scipy.stats import norm, t

from cxrclf._utils.patient_resampling import PatientResampling


def test_interval_is_a_quantile_of_the_means_of_drawn_patients():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 60)
    values = rng.normal(size=12)[groups] + rng.normal(size=60)
    mean, low, high = PatientResampling(60, groups, n_resamples=20_000).estimate(values)
    rows = [np.flatnonzero(groups == g) for g in range(12)]
    drawn = rng.integers(0, 12, (5000, 12))
    means = [values[np.concatenate([rows[g] for g in draw])].mean() for draw in drawn]
    tail = norm.cdf(-np.sqrt(12 / 11) * t.ppf(0.975, 11))
    assert mean == pytest.approx(values.mean())
    spread = np.std(means)
    expected = np.quantile(means, [tail, 1 - tail])
    np.testing.assert_allclose([low, high], expected, atol=0.25 * spread)
    # The interval of independent images is narrower.
    alone = PatientResampling(60).estimate(values)
    assert alone[2] - alone[1] < 0.8 * (high - low)


def test_images_with_nan_and_their_patients_are_left_out():
    values = np.array([1.0, np.nan, 3.0, 4.0, 9.0, np.nan])
    groups = ["a", "a", "b", "c", "d", "e"]
    used = ~np.isnan(values)
    found = PatientResampling(6, groups).estimate(values)
    expected = PatientResampling(4, ["a", "b", "c", "d"]).estimate(values[used])
    assert found == expected
    assert PatientResampling(6, groups).count_patients() == 5


@pytest.mark.parametrize("values", [[1.0, 2, 3, 4], [np.nan, 1, 2, np.nan]])
def test_interval_of_two_patients_is_nan(values):
    mean, low, high = PatientResampling(4, [0, 0, 1, 1]).estimate(np.array(values))
    assert mean == np.nanmean(values)
    assert np.isnan([low, high]).all()


def test_mean_of_no_values_is_nan():
    assert np.isnan(PatientResampling(4).estimate(np.full(4, np.nan))).all()


def test_constant_values_have_an_interval_of_width_zero():
    assert PatientResampling(4).estimate(np.ones(4)) == (1, 1, 1)


def test_many_patients_are_resampled_in_parts(monkeypatch):
    values = np.random.default_rng(0).normal(size=100)
    whole = PatientResampling(100).estimate(values)
    monkeypatch.setattr("cxrclf._utils.patient_resampling._VALUES_PER_BATCH", 150)
    parts = PatientResampling(100).estimate(values)
    assert parts[0] == whole[0]
    np.testing.assert_allclose(parts, whole, atol=0.05)


def test_seed_decides_the_interval_and_global_state_stays():
    values = np.random.default_rng(0).normal(size=20)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    found = [PatientResampling(20, random_state=s).estimate(values) for s in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"confidence_level": 95}, "confidence_level must lie in"),
        ({"confidence_level": "0.95"}, "confidence_level must lie in"),
        ({"n_resamples": 0}, "n_resamples must be an int, 100 or more, got 0"),
        ({"random_state": None}, "random_state must be an int, 0 or more, got None"),
        ({"groups": [1, 2]}, "groups has 2 values"),
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        PatientResampling(4, **parameters)


def test_resampled_statistics_are_those_of_drawn_patients():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 10, 40)
    values = rng.normal(size=(40, 3))
    resampling = PatientResampling(40, groups, n_resamples=100, random_state=4)
    found = resampling.resample(lambda v: v.sum(axis=0), [values])
    rng = np.random.default_rng(4)
    drawn = [rng.integers(0, 10, 10) for _ in range(100)]
    sums = np.array([values[groups == g].sum(axis=0) for g in range(10)])
    np.testing.assert_allclose(found, [sums[draw].sum(axis=0) for draw in drawn])


def test_several_statistics_that_fail_are_nan():
    def fails_without_the_first(values):
        if 0 not in values:
            raise ValueError("no first value")
        return values.min(), values.max()

    found = PatientResampling(5, n_resamples=200).resample(
        fails_without_the_first, [np.arange(5)]
    )
    assert found.shape == (200, 2)
    # A value is absent from (4 / 5) ** 5 = 0.33 of the resamples.
    np.testing.assert_array_equal(*np.isnan(found).T)
    assert 0.2 < np.isnan(found[:, 0]).mean() < 0.46


def test_interval_of_one_resampled_statistic_leaves_out_nan():
    resampling = PatientResampling(20)
    values = np.linspace(0, 1, 1001)
    with_nan = np.append(values, np.full(500, np.nan))
    assert resampling.interval(values) == resampling.interval(with_nan)
    too_many = np.append(values, np.full(1001, np.nan))
    assert np.isnan(resampling.interval(too_many)).all()
    assert np.isnan(PatientResampling(2).interval(values)).all()
