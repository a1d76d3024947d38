import numpy as np
import pytest

from cxrclf.metrics import holm


def step_down(p_values):
    """Return adjusted p-values from the procedure of Holm, test by test."""
    adjusted, largest = [None] * len(p_values), 0
    for step, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (len(p_values) - step) * p_values[i])
        adjusted[i] = min(1, largest)
    return adjusted


def test_equals_the_step_down_procedure():
    p_values = np.random.default_rng(0).random(30) ** 3
    p_values[5] = p_values[6]
    assert holm(p_values) == pytest.approx(step_down(p_values.tolist()))


def test_example_computed_by_hand():
    expected = [0.03, 0.06, 0.06, 0.02]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(expected)


def test_nan_does_not_count():
    found = holm([0.01, np.nan, 0.04, 0.03, np.nan])
    np.testing.assert_allclose(found, [0.03, np.nan, 0.06, 0.06, np.nan])
    assert np.isnan(holm([np.nan])).all()
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_other_numbers_fail(value):
    with pytest.raises(ValueError, match=f"p_values must lie in .* got {value}"):
        holm([0.5, value])
