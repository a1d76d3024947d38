import numpy as np
import pytest

from cxrclf._utils.checks import check_fraction, check_int, check_level


@pytest.mark.parametrize("value", [1, np.int64(7)])
def test_ints_pass(value):
    check_int(value, "n", 1)


@pytest.mark.parametrize("value", [0, True, 1.0, "1", None])
def test_other_values_than_ints_from_the_lowest_fail(value):
    with pytest.raises(ValueError, match=f"n must be an int, 1 or more, got {value!r}"):
        check_int(value, "n", 1)


@pytest.mark.parametrize("value", [0, 1, 95, "0.95", None, np.nan])
def test_levels_outside_0_and_1_fail(value):
    check_level(0.95)
    with pytest.raises(ValueError, match="confidence_level must lie in"):
        check_level(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "0.5", np.nan])
def test_fractions_outside_0_and_1_fail(value):
    for fraction in (0, 0.5, 1, np.float32(0.2)):
        check_fraction(fraction, "sensitivity")
    with pytest.raises(ValueError, match="sensitivity must be a number in"):
        check_fraction(value, "sensitivity")
