"""Scores with bounds and influences, against the jackknife and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from cxrclf.metrics._score_columns import SampleScores

N = 120


def draw(seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, N)
    scores = rng.normal(size=(N, 3)).round(1)  # with ties
    scores[np.arange(N), codes] += 1.5
    return codes, scores


def make(codes, scores, patients=None):
    classes = np.arange(3)
    return SampleScores(
        codes[:, None] == classes,
        scores.argmax(axis=1)[:, None] == classes,
        scores,
        np.arange(len(codes)) if patients is None else patients,
    )


def test_values_are_those_of_scikit_learn():
    codes, scores = draw()
    samples = make(codes, scores)
    predicted = scores.argmax(axis=1)
    functions = {
        "precision": precision_score,
        "sensitivity": recall_score,
        "f1": f1_score,
    }
    for name, function in functions.items():
        expected = function(codes, predicted, average=None)
        assert_allclose(samples.column(name, 0.95).values[:, 0], expected)
    for j in range(3):
        area = samples.column("auc", 0.95, np.array([j])).values[0, 0]
        assert area == pytest.approx(roc_auc_score(codes == j, scores[:, j]))


@pytest.mark.parametrize(
    "name", ["accuracy", "precision", "sensitivity", "specificity", "f1", "auc"]
)
def test_influences_are_those_of_the_jackknife(name):
    codes, scores = draw()
    influence = make(codes, scores).column(name, 0.95).influence
    whole = make(codes, scores).column(name, 0.95).values[:, 0]
    rows = np.arange(0, N, 7)
    for row in rows:
        rest = np.arange(N) != row
        without = make(codes[rest], scores[rest]).column(name, 0.95).values[:, 0]
        # Leaving out one of N samples changes a score by minus its influence, apart
        # from terms of order 1 / N**2.
        assert_allclose(whole - without, influence[row], atol=30 / N**2)
        assert_allclose(influence.sum(axis=0), 0, atol=1e-12)


def test_the_mean_of_equal_columns_has_their_bounds():
    codes, scores = draw()
    samples = make(codes, scores)
    column = samples.column("auc", 0.95, np.array([1, 1, 1]))
    mean = samples.mean(column)
    assert_allclose(mean.values[0], column.values[0])
    assert_allclose(mean.influence[:, 0], column.influence[:, 0])


def test_the_mean_of_undefined_scores():
    codes, scores = draw()
    samples = make(codes[codes > 0], scores[codes > 0])
    assert samples.present.tolist() == [1, 2]
    mean = samples.mean(samples.column("sensitivity", 0.95))
    assert np.isnan(mean.values).all()
    of_present = samples.column("sensitivity", 0.95, samples.present)
    assert not np.isnan(samples.mean(of_present).values).any()


def test_overall_accuracy_of_patients():
    codes, scores = draw()
    patients = np.arange(N) // 4
    correct = scores.argmax(axis=1) == codes
    column = make(codes, scores, patients).overall_accuracy(0.95)
    assert column.values[0, 0] == pytest.approx(correct.mean())
    assert_allclose(column.influence[:, 0], (correct - correct.mean()) / N)


def test_names():
    codes, scores = draw()
    samples = make(codes, scores)
    assert samples.names[-1] == "auc"
    without = SampleScores(samples.is_true, samples.is_pred, None, samples.patients)
    assert "auc" not in without.names
    with pytest.raises(ValueError, match="no y_score"):
        without.column("auc", 0.95)
