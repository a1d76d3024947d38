import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from cxrclf.metrics import apply_temperature, fit_temperature


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 1, 1], 500)
    codes = (rng.random(500)[:, None] > proba.cumsum(axis=1)).sum(axis=1)
    return codes, proba


def test_temperature_has_the_smallest_log_loss(data):
    codes, proba = data
    extreme = proba**3 / (proba**3).sum(axis=1, keepdims=True)

    def loss(temperature):
        scaled = extreme ** (1 / temperature)
        return log_loss(codes, scaled / scaled.sum(axis=1, keepdims=True))

    found = fit_temperature(codes, extreme)
    best = minimize_scalar(loss, bounds=(0.5, 10), method="bounded").x
    assert found == pytest.approx(best, rel=1e-3)
    assert 2.5 < found < 3.5
    corrected = apply_temperature(extreme, found)
    assert log_loss(codes, corrected) == pytest.approx(loss(best))
    assert log_loss(codes, corrected) < log_loss(codes, extreme)
    np.testing.assert_array_equal(corrected.argmax(axis=1), proba.argmax(axis=1))


def test_two_classes_in_one_column(data):
    proba = data[1][:, 0]
    y_true = np.random.default_rng(1).random(500) < proba
    both = np.column_stack([1 - proba, proba])
    assert fit_temperature(y_true, proba) == fit_temperature(y_true, both)
    found = apply_temperature(proba, 2.0)
    expected = np.sqrt(proba) / (np.sqrt(proba) + np.sqrt(1 - proba))
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(apply_temperature(both, 2.0)[:, 1], expected)
    np.testing.assert_allclose(apply_temperature(proba, 1), proba)


def test_probabilities_of_0_and_1():
    found = apply_temperature([[0.0, 1.0, 0.0], [0.0, 0.5, 0.5]], 5.0)
    assert found.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.5, 0.5]]
    temperature = fit_temperature([0, 1, 1, 0], [0.0, 1.0, 0.9, 0.8])
    assert np.isfinite(temperature)


def test_one_probability_of_0_does_not_decide_the_temperature(data):
    codes, proba = data
    extreme = apply_temperature(proba, 0.5)
    codes = np.append(codes, 2)
    extreme = np.vstack([extreme, [0.6, 0.4, 0.0]])

    def loss(temperature):
        scaled = np.maximum(extreme, np.finfo(float).eps) ** (1 / temperature)
        return log_loss(codes, scaled / scaled.sum(axis=1, keepdims=True))

    best = minimize_scalar(loss, bounds=(0.5, 10), method="bounded").x
    found = fit_temperature(codes, extreme)
    assert found == pytest.approx(best, rel=1e-3)
    assert found < 1.25 * fit_temperature(codes[:-1], extreme[:-1])
    # Very small probabilities keep their order.
    assert apply_temperature([[1e-60, 1e-30, 1]], 10.0)[0] == pytest.approx(
        np.array([1e-6, 1e-3, 1]) / 1.001001
    )


@pytest.mark.parametrize(
    ("proba", "bound"), [([0.1, 0.9, 0.8], 0.05), ([0.9, 0.1, 0.2], 20)]
)
def test_warning_without_a_minimum(proba, bound):
    with pytest.warns(UserWarning, match="The log loss has no minimum"):
        assert fit_temperature([0, 1, 1], proba) == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize("temperature", [0, -1, np.inf, np.nan, "2"])
def test_other_temperatures_fail(temperature):
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        apply_temperature([0.5], temperature)
