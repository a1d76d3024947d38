"""kernel_distance: the value, its interval and its p value."""

import numpy as np
import pytest

from cxrclf.generation._kernel_distance import kernel_distance


def plain_distance(first, second):
    """Compute the unbiased squared MMD by a loop over pairs."""

    def kernel(x, y):
        return (np.dot(x, y) / len(x) + 1) ** 3

    def mean_within(rows):
        pairs = [
            kernel(rows[i], rows[j])
            for i in range(len(rows))
            for j in range(len(rows))
            if i != j
        ]
        return np.mean(pairs)

    across = np.mean([kernel(x, y) for x in first for y in second])
    return mean_within(first) + mean_within(second) - 2 * across


def test_the_distance_is_the_unbiased_mmd():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (7, 4)), rng.normal(0.5, 1, (5, 4))
    expected = plain_distance(first, second)
    found = kernel_distance(first, second, n_permutations=10)
    assert found.value == pytest.approx(expected)


def test_the_null_values_are_those_of_permuted_rows():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, (6, 3)), rng.normal(0, 1, (4, 3))
    rows = np.concatenate([first, second])
    null = []
    for _ in range(400):
        order = rng.permutation(10)
        null.append(plain_distance(rows[order[:6]], rows[order[6:]]))
    found = kernel_distance(first, second, n_permutations=4000)
    spread = np.std(null)
    low, high = np.quantile(null, [0.025, 0.975])
    # 400 draws give the limits to about a fifth of the spread.
    assert found.null_low == pytest.approx(low, abs=spread / 3)
    assert found.null_high == pytest.approx(high, abs=spread / 3)


def test_equal_distributions_are_rejected_in_one_of_twenty_cases():
    rng = np.random.default_rng(2)
    p_values = [
        kernel_distance(
            rng.normal(size=(12, 5)), rng.normal(size=(20, 5)), n_permutations=99
        ).p_value
        for _ in range(400)
    ]
    # Binomial(400, 0.05) lies in [8, 33] with probability 0.999.
    assert 8 <= np.sum(np.array(p_values) <= 0.05) <= 33


def test_different_distributions_are_rejected():
    rng = np.random.default_rng(3)
    found = kernel_distance(rng.normal(size=(30, 5)), rng.normal(1, 1, (30, 5)))
    assert found.value > found.null_high
    assert found.p_value == pytest.approx(1 / 1001)
