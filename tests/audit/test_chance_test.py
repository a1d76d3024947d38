"""Test against chance, against scikit-learn, scipy and complete enumeration."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score

from cxrclf.audit._chance_test import chance_p_value, macro_auc, smallest_p_value

PERMUTATIONS = 20_000  # a standard error of 0.0035 at most
CLOSE = 0.015


def test_macro_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(3), (10, 20, 30))
    scores = rng.dirichlet([1, 1, 1], 60).round(1)  # with ties
    scores[:, 2] = 1 - scores[:, 0] - scores[:, 1]
    expected = roc_auc_score(codes, scores, multi_class="ovr", average="macro")
    assert macro_auc(codes, scores) == pytest.approx(expected)
    assert np.isnan(macro_auc(np.zeros(60, int), scores))


def test_classes_that_do_not_occur_are_left_out():
    scores = np.random.default_rng(0).normal(size=(40, 3))
    codes = np.repeat([0, 2], 20)
    expected = np.mean([roc_auc_score(codes == k, scores[:, k]) for k in (0, 2)])
    assert macro_auc(codes, scores) == pytest.approx(expected)


def two_columns(scores):
    return np.column_stack([1 - scores, scores])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_fold_is_the_test_of_mann_and_whitney(seed):
    rng = np.random.default_rng(seed)
    codes = np.repeat([0, 1], (9, 7))
    scores = rng.normal(codes * 0.7)
    exact, normal = (
        mannwhitneyu(
            scores[codes == 1],
            scores[codes == 0],
            alternative="greater",
            method=method,
            use_continuity=False,
        ).pvalue
        for method in ("exact", "asymptotic")
    )
    p_value = chance_p_value(
        codes,
        two_columns(scores),
        np.zeros(16, int),
        np.arange(16),
        n_permutations=PERMUTATIONS,
    )
    assert p_value == pytest.approx(max(exact, normal), abs=CLOSE)


def test_folds_widen_the_permutations():
    """Enumerate the labels of two folds with two of four samples in each class."""
    scores = np.array([0.1, 0.6, 0.7, 0.9, 0.2, 0.3, 0.8, 0.5])
    fold = np.repeat([0, 1], 4)
    codes = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    areas = [
        roc_auc_score(np.isin(np.arange(8), [*one, *other]), scores)
        for one, other in product(
            combinations(range(4), 2), combinations(range(4, 8), 2)
        )
    ]
    observed = roc_auc_score(codes, scores)
    share = np.mean(np.array(areas) >= observed)
    # Nadeau and Bengio: k = 2 folds, as many test as training samples.
    tail = norm.sf(observed, np.mean(areas), np.std(areas) * np.sqrt(1 + 2))
    p_value = chance_p_value(
        codes, two_columns(scores), fold, np.arange(8), n_permutations=PERMUTATIONS
    )
    assert tail > share
    assert p_value == pytest.approx(tail, abs=CLOSE)


def test_labels_stay_in_their_folds():
    """A score that is the same for all samples of a fold shows nothing."""
    fold = np.repeat([0, 1], 20)
    codes = np.repeat([0, 1, 0, 1], (15, 5, 5, 15))
    assert chance_p_value(codes, two_columns(fold), fold, np.arange(40)) == 1
    together = chance_p_value(codes, two_columns(fold), fold * 0, np.arange(40))
    assert together < 0.01


def test_images_of_a_patient_stay_together():
    codes = np.repeat([0, 1], 40)
    scores, fold = two_columns(codes), np.zeros(80, int)
    assert chance_p_value(codes, scores, fold, np.arange(80)) < 0.002
    patients = np.repeat([0, 1, 2, 3], 20)
    # 1 of 6 ways to choose two of four patients is as good.
    p_value = chance_p_value(codes, scores, fold, patients, n_permutations=PERMUTATIONS)
    assert p_value == pytest.approx(1 / 6, abs=CLOSE)


def test_smallest_p_value_is_that_of_the_few_orders():
    codes, fold = np.tile([0, 1], 5), np.arange(10) // 2
    p_value = smallest_p_value(codes, fold, np.arange(10), n_permutations=PERMUTATIONS)
    # The areas of 0 to 5 folds in the right order: a binomial distribution.
    areas = np.linspace(0, 1, 6)
    deviation = np.sqrt(np.sum([1, 5, 10, 10, 5, 1] * (areas - 0.5) ** 2) / 32)
    tail = norm.sf(0.5, 0, deviation * np.sqrt(1 + 5 / 4))
    assert p_value == pytest.approx(max(1 / 32, tail), abs=CLOSE)
    rng = np.random.default_rng(0)
    for _ in range(5):
        scores = two_columns(codes + rng.normal(0, 0.3, 10))
        other = chance_p_value(codes, scores, fold, np.arange(10))
        assert other > p_value - CLOSE
    one_class = np.repeat([0, 1], 5)
    assert smallest_p_value(one_class, np.arange(10), np.arange(10)) == 1


def test_one_class_has_no_p_value():
    zeros = np.zeros(5, int)
    assert np.isnan(chance_p_value(zeros, np.ones((5, 2)), zeros, np.arange(5)))


def test_permutations_are_random_by_seed():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 30)
    arrays = codes, two_columns(rng.random(30)), np.zeros(30, int), np.arange(30)
    values = [chance_p_value(*arrays, random_state=seed) for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
