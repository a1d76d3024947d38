import pytest
from scipy.stats import binomtest, norm

from cxrclf.metrics._wilson_bounds import wilson_bounds


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (3, 7), (7, 7), (199, 200)])
def test_equals_scipy(successes, n):
    low, high = binomtest(successes, n).proportion_ci(0.9, "wilson")
    found = wilson_bounds(successes / n, n, norm.isf(0.05))
    assert found == pytest.approx((low, high))


def test_bounds_of_a_broken_number_solve_the_equation():
    for p in wilson_bounds(0.9, 12.5, 2.0):
        assert (0.9 - p) ** 2 == pytest.approx(2.0**2 * p * (1 - p) / 12.5)
