from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from cxrclf.metrics import mcnemar_test, proportion_interval


def make_table(both, only_a, only_b, none):
    """Return labels and two predictions with these counts of correct predictions."""
    counts = [both, only_a, only_b, none]
    a = np.repeat([1, 1, 0, 0], counts)
    return np.ones(sum(counts), int), a, np.repeat([1, 0, 1, 0], counts)


@pytest.mark.parametrize("counts", [(50, 9, 2, 3), (0, 5, 5, 0), (9, 0, 1, 0)])
def test_p_value_of_independent_images_is_that_of_the_binomial_test(counts):
    found = mcnemar_test(*make_table(*counts))
    _, b, c, _ = counts
    assert found.p_value == pytest.approx(binomtest(b, b + c).pvalue)
    assert found.statistic == pytest.approx((b - c) ** 2 / (b + c))
    assert found.difference.value == pytest.approx((b - c) / sum(counts))


# Ratings of 29 psychiatrists (Petryshen 1989), the example of Durkalski et al.,
# Statistics in Medicine 22, 2003: differences b and c of each, and number of pairs.
ONLY_A = [0, 1, 1, 1, 0, 3, 3, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 1, 1, 2] + [0] * 7
ONLY_B = [
    4, 2, 3, 2, 1, 3, 0, 2, 2, 4, 2, 4, 3, 2, 1, 3, 1, 2, 0, 0, 0, 2, 1, 2, 2, 0, 0, 1,
    1,
]  # fmt: skip
PAIRS = [
    7, 6, 7, 6, 4, 6, 5, 8, 4, 7, 3, 6, 7, 6, 5, 4, 6, 5, 4, 3, 5, 4, 4, 2, 3, 2, 2, 3,
    1,
]  # fmt: skip


def make_published_example():
    counts = np.array([ONLY_A, ONLY_B, PAIRS])
    counts[2] -= counts[0] + counts[1]
    a = np.concatenate([np.repeat([1, 0, 1], column) for column in counts.T])
    b = np.concatenate([np.repeat([0, 1, 1], column) for column in counts.T])
    return np.ones(len(a), int), a, b, np.repeat(np.arange(29), PAIRS)


def test_statistic_of_a_published_example():
    y, a, b, groups = make_published_example()
    # The published statistic of McNemar is 11.85.
    assert mcnemar_test(y, a, b).statistic == pytest.approx(11.85, abs=0.005)
    d = np.subtract(ONLY_A, ONLY_B)
    found = mcnemar_test(y, a, b, groups=groups)
    assert found.statistic == pytest.approx(d.sum() ** 2 / np.square(d).sum())
    # The exact p-value is near that of the chi-squared distribution with 27 patients.
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, 1), rel=0.5)


def test_p_value_of_patients_is_that_of_all_signs():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 11, 40)
    y, a, b = np.ones(40), rng.random(40) < 0.8, rng.random(40) < 0.5
    d = np.array([(a[groups == g].sum() - b[groups == g].sum()) for g in range(11)])
    sums = [d @ signs for signs in product([-1, 1], repeat=11)]
    found = mcnemar_test(y, a, b, groups=groups)
    assert found.p_value == pytest.approx(np.mean(np.abs(sums) >= abs(d.sum())))


def test_many_patients_have_the_chi_squared_distribution():
    y, a, b = make_table(0, 1600, 1500, 0)
    found = mcnemar_test(y, a, b)
    assert found.p_value == chi2.sf(found.statistic, 1)
    assert found.p_value == pytest.approx(binomtest(1600, 3100).pvalue, rel=0.05)


def test_interval_is_that_of_newcombe():
    counts = both, only_a, only_b, none = 36, 12, 2, 5
    value, low, high = mcnemar_test(*make_table(*counts)).difference
    n = sum(counts)
    successes = both + only_a, both + only_b
    (l1, u1), (l2, u2) = (
        binomtest(k, n).proportion_ci(method="wilson") for k in successes
    )
    p1, p2 = (k / n for k in successes)
    phi = (both * none - only_a * only_b) / np.sqrt(
        (both + only_a) * (only_b + none) * (both + only_b) * (only_a + none)
    )
    below = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    above = (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2
    assert value == pytest.approx(10 / 55)
    assert low == pytest.approx(value - np.sqrt(below))
    assert high == pytest.approx(value + np.sqrt(above))


def test_interval_of_patients_is_wider_than_that_of_images():
    y, a, b, groups = make_published_example()
    images, patients = mcnemar_test(y, a, b), mcnemar_test(y, a, b, groups=groups)
    assert patients.difference.value == images.difference.value
    assert patients.difference.low < images.difference.low
    alone = mcnemar_test(y, a, b, groups=np.arange(len(y)))
    assert alone == images


def test_equal_predictions():
    y, a, _ = make_table(8, 0, 0, 2)
    found = mcnemar_test(y, a, a)
    assert (found.statistic, found.p_value) == (0, 1)
    assert found.difference.value == 0
    _, low, high = found.difference
    accuracy = proportion_interval(a == y)
    assert low == pytest.approx(-high)
    assert high < (accuracy.high - accuracy.low) / 2


def test_labels_of_several_classes():
    y = ["covid", "normal", "other", "other"]
    found = mcnemar_test(y, y, ["covid", "normal", "normal", "covid"])
    assert found.difference.value == 0.5
    assert found.p_value == 0.5


def test_no_images():
    found = mcnemar_test([], [], [])
    assert np.isnan([*found.difference, found.statistic, found.p_value]).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"y_pred_b": [1]}, "y_pred_b has 1 labels, but y_true has 2"),
        (
            {"y_pred_a": ["a", "b"]},
            "y_true and y_pred_a must be all str or",
        ),
        ({"y_true": [1, np.nan]}, "y_true has 1 missing label"),
        ({"groups": [1]}, "groups has 1 values"),
        ({"confidence_level": 2}, "confidence_level must lie in"),
    ],
)
def test_invalid_parameters(parameters, message):
    valid = {"y_true": [1, 0], "y_pred_a": [1, 1], "y_pred_b": [0, 0]}
    with pytest.raises(ValueError, match=message):
        mcnemar_test(**(valid | parameters))
