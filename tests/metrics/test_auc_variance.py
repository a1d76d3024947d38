"""Variance of AUCs against plain loops over all pairs."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxrclf.metrics._auc_variance import auc_variance


def make_scores(n_patients, most_images, seed=0):
    """Return classes, two scores with ties, and patients, some of both classes."""
    rng = np.random.default_rng(seed)
    patients = np.repeat(
        np.arange(n_patients), rng.integers(1, most_images + 1, n_patients)
    )
    y = (rng.normal(size=n_patients)[patients] + rng.normal(size=len(patients))) > 0
    scores = y + rng.normal(size=(2, n_patients))[:, patients]
    return y, np.round(scores + rng.normal(size=scores.shape), 1), patients


def compare_all_pairs(y, score):
    """Return the placements of all images, from a loop over pairs."""
    placements = np.empty(len(y))
    for i in range(len(y)):
        others = score[y != y[i]]
        below = np.mean([(score[i] > s) + 0.5 * (score[i] == s) for s in others])
        placements[i] = below if y[i] else 1 - below
    return placements


def obuchowski(y, scores, patients):
    """Return the covariance of two AUCs with the formulas of Obuchowski (1997)."""
    v = [compare_all_pairs(y, score) for score in scores]
    auc = [placement[y].mean() for placement in v]
    m, n = y.sum(), (~y).sum()
    with_positive, with_negative = set(patients[y]), set(patients[~y])
    count = len(set(patients))
    s10, s01, s11 = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2))
    for i in set(patients):
        a = [(v[k] - auc[k])[y & (patients == i)].sum() for k in (0, 1)]
        b = [(v[k] - auc[k])[~y & (patients == i)].sum() for k in (0, 1)]
        s10 += np.outer(a, a) * len(with_positive) / (len(with_positive) - 1) / m
        s01 += np.outer(b, b) * len(with_negative) / (len(with_negative) - 1) / n
        s11 += np.outer(a, b) * count / (count - 1)
    return auc, s10 / m + s01 / n + (s11 + s11.T) / (m * n)


@pytest.mark.parametrize("most_images", [1, 4])
def test_equals_the_formulas_of_obuchowski(most_images):
    y, scores, patients = make_scores(40, most_images)
    found = auc_variance(y, scores, patients)
    auc, covariance = obuchowski(y, scores, patients)
    np.testing.assert_allclose(found.auc, auc)
    np.testing.assert_allclose(found.auc, [roc_auc_score(y, s) for s in scores])
    for weights in ([1, 0], [0, 1], [1, -1]):
        w = np.array(weights)
        assert found.variance(w) == pytest.approx(w @ covariance @ w)


def test_equals_delong_for_one_image_per_patient():
    y, scores, patients = make_scores(50, 1)
    parts = [np.cov(compare_all_pairs(y, scores[0])[rows]) for rows in (y, ~y)]
    m, n = y.sum(), (~y).sum()
    found = auc_variance(y, scores[:1], patients)
    one = np.ones(1)
    assert found.variance(one) == pytest.approx(parts[0] / m + parts[1] / n)
    a, b = parts[0] / m, parts[1] / n
    freedom = (a + b) ** 2 / (a**2 / (m - 1) + b**2 / (n - 1))
    assert found.freedom(one) == pytest.approx(freedom)


def test_patients_with_several_images_reduce_the_degrees_of_freedom():
    y, scores, patients = make_scores(40, 4)
    found = auc_variance(y, scores[:1], patients)
    images = auc_variance(y, scores[:1], np.arange(len(y)))
    assert found.clustered
    assert not images.clustered
    assert found.freedom(np.ones(1)) < min(images.freedom(np.ones(1)), 40)


def test_equal_scores_of_a_patient_in_both_classes_have_no_variance():
    # The two images of a patient have one score, so each AUC is exactly 0.5.
    y = np.tile([True, False], 10)
    patients = np.repeat(np.arange(10), 2)
    scores = np.random.default_rng(0).normal(size=(1, 10))[:, patients]
    found = auc_variance(y, scores, patients)
    assert found.auc[0] == pytest.approx(0.5)
    assert found.variance(np.ones(1)) == pytest.approx(0, abs=1e-12)


def test_many_images_need_no_table_of_pairs():
    n = 200_000  # all pairs would need 80 GB
    rng = np.random.default_rng(0)
    y = rng.random(n) < 0.5
    found = auc_variance(y, rng.normal(size=(1, n)) + y, np.arange(n))
    assert found.auc[0] == pytest.approx(0.76, abs=0.01)
