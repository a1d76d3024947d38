import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import t

from cxrclf.metrics._recalibration import recalibrate


def make_data(n=120, seed=0, groups=None):
    rng = np.random.default_rng(seed)
    proba = expit(2 * rng.normal(size=n))
    return rng.random(n) < expit(0.5 + 0.7 * logit(proba)), proba


def minus_log_likelihood(coefficients, y, x):
    a, b = coefficients
    linear = a + b * x
    return (np.logaddexp(0, linear) - y * linear).sum()


def test_slope_and_intercept_are_maxima_of_the_likelihood():
    y, proba = make_data()
    x = logit(proba)
    slope, intercept = recalibrate(y, proba, np.arange(len(y)), 0.95)
    best = minimize(minus_log_likelihood, [0, 1], (y, x), tol=1e-10)
    assert slope.value == pytest.approx(best.x[1], abs=1e-4)
    alone = minimize(lambda a: minus_log_likelihood([a[0], 1], y, x), [0], tol=1e-10)
    assert intercept.value == pytest.approx(alone.x[0], abs=1e-4)


def test_interval_is_that_of_the_sandwich_over_patients():
    y, proba = make_data()
    patients = np.repeat(np.arange(40), 3)
    x = logit(proba)
    slope, _ = recalibrate(y, proba, patients, 0.9)
    a, b = minimize(minus_log_likelihood, [0, 1], (y, x), tol=1e-10).x
    fitted = expit(a + b * x)
    information, meat = np.zeros((2, 2)), np.zeros((2, 2))
    for i in range(40):
        score = np.zeros(2)
        for j in np.flatnonzero(patients == i):
            row = np.array([1, x[j]])
            information += fitted[j] * (1 - fitted[j]) * np.outer(row, row)
            score += (y[j] - fitted[j]) * row
        meat += np.outer(score, score)
    inverse = np.linalg.inv(information)
    error = np.sqrt((inverse @ meat @ inverse)[1, 1] * 40 / 39)
    half = t.isf(0.05, 39) * error
    assert slope[1:] == pytest.approx((b - half, b + half), abs=1e-3)


def test_calibrated_probabilities_are_inside_the_intervals():
    rng = np.random.default_rng(0)
    proba = rng.random(2000)
    y = rng.random(2000) < proba
    slope, intercept = recalibrate(y, proba, np.arange(2000), 0.95)
    assert slope.low < 1 < slope.high
    assert intercept.low < 0 < intercept.high
    assert slope.high - slope.low < 0.3


def test_errors_that_cancel_out_within_patients():
    # The variance is 0. Rounding must not make it negative.
    proba = 1 - 10.0 ** -np.array([10, 13, 5, 5])
    found = recalibrate(np.array([0, 1, 1, 0]) == 1, proba, np.array([1, 0, 0, 1]), 0.9)
    assert np.isfinite(found).all()


def test_separated_classes_have_no_slope():
    y, proba = np.array([0, 0, 1, 1], bool), np.array([0.1, 0.6, 0.6, 1.0])
    slope, intercept = recalibrate(y, proba, np.arange(4), 0.95)
    assert np.isnan(slope).all()
    assert np.isfinite(intercept).all()
    slope, _ = recalibrate(~y, proba, np.arange(4), 0.95)
    assert np.isnan(slope).all()
    slope, _ = recalibrate(y, np.full(4, 0.3), np.arange(4), 0.95)
    assert np.isnan(slope).all()


def test_one_class_has_neither():
    found = recalibrate(np.ones(3, bool), np.array([0.1, 0.5, 0.9]), np.arange(3), 0.95)
    assert np.isnan(found).all()


def test_one_patient_has_no_interval():
    y, proba = make_data()
    slope, _ = recalibrate(y, proba, np.zeros(len(y), int), 0.95)
    assert np.isfinite(slope.value)
    assert np.isnan(slope[1:]).all()
