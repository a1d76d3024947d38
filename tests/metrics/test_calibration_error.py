import numpy as np
import pytest

from cxrclf.metrics._calibration_error import (
    calibration_error,
    find_bins,
    null_calibration_error,
)


def test_bins_have_equal_numbers_of_images_and_keep_ties_together():
    proba = np.random.default_rng(0).random(1000)
    bins = find_bins(proba, 10)
    assert np.bincount(bins).tolist() == [100] * 10
    assert all(proba[bins == i].max() < proba[bins == i + 1].min() for i in range(9))
    tied = np.repeat([0.0, 0.5, 1.0], [80, 1, 19])
    found = find_bins(tied, 10)
    assert len(set(found[:80])) == len(set(found[81:])) == 1
    assert set(found) == set(range(found.max() + 1))


def test_error_equals_a_loop_over_bins_in_any_order():
    rng = np.random.default_rng(0)
    proba = rng.random(200).round(1)
    y = rng.random(200) < proba**2
    bins = find_bins(proba, 5)
    expected = sum(
        (bins == i).mean() * abs(y[bins == i].mean() - proba[bins == i].mean())
        for i in set(bins)
    )
    assert calibration_error(y, proba, bins) == pytest.approx(expected)
    order = np.argsort(y)
    shuffled = calibration_error(y[order], proba[order], find_bins(proba[order], 5))
    assert shuffled == pytest.approx(expected)


def draw(proba, patients, **parameters):
    settings = {"confidence_level": 0.95, "n_resamples": 2000, "random_state": 0}
    bins = find_bins(proba, 4)
    return null_calibration_error(proba, bins, patients, **(settings | parameters))


def test_null_error_is_that_of_calibrated_labels():
    rng = np.random.default_rng(1)
    proba = rng.random(60)
    bins = find_bins(proba, 4)
    drawn = [
        calibration_error(rng.random(60) < proba, proba, bins) for _ in range(2000)
    ]
    found = draw(proba, np.arange(60))
    # The standard error of a mean of 2,000 draws is about 0.0006.
    assert found.value == pytest.approx(np.mean(drawn), abs=0.004)
    np.testing.assert_allclose(found[1:], np.quantile(drawn, [0.025, 0.975]), atol=0.01)


def test_images_of_one_patient_increase_the_null_error():
    proba = np.random.default_rng(1).random(60)
    copies = np.repeat(proba, 4)
    patients = np.repeat(np.arange(60), 4)
    # Copies of an image have the same label, so they change nothing.
    alone = draw(proba, np.arange(60)).value
    assert draw(copies, patients).value == pytest.approx(alone, rel=0.05)
    assert draw(copies, np.arange(240)).value < 0.7 * alone


def test_draws_are_made_in_parts(monkeypatch):
    proba = np.random.default_rng(1).random(50)
    whole = draw(proba, np.arange(50), n_resamples=100)
    monkeypatch.setattr("cxrclf.metrics._calibration_error._VALUES_PER_PART", 350)
    assert draw(proba, np.arange(50), n_resamples=100) == pytest.approx(whole)
