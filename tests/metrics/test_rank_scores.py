"""Small probabilities of the last class, which must not be lost in 1 - p."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import mannwhitneyu

from cxrclf.metrics import (
    Predictions,
    RocDisplay,
    compare_predictions,
    delong_test,
    subgroup_table,
)
from cxrclf.metrics._rank_scores import rank_scores

Y = np.repeat(["covid", "normal"], 10)
# Probabilities of "normal" from 1e-30 to 1e-11, some of them in the wrong order.
PROBA = 10.0 ** np.random.default_rng(0).permutation(np.arange(-30, -10))
PROBA[10:] = np.sort(PROBA)[[19, 18, 17, 16, 15, 14, 13, 12, 2, 1]]
PROBA[:10] = np.sort(PROBA)[:10] * 1.5
AUC = mannwhitneyu(PROBA[10:], PROBA[:10]).statistic / 100


@pytest.fixture
def predictions():
    return Predictions(Y, Y, PROBA)


def test_only_complements_are_replaced():
    scores = np.array([[0.5, 0.25], [0.75, 0.25]])
    assert rank_scores(scores) is scores
    assert rank_scores(scores[1:]).tolist() == [[-0.25, 0.25]]
    three = np.ones((4, 3)) / 3
    assert rank_scores(three) is three


def test_both_classes_have_one_auc(predictions):
    assert 0.7 < AUC < 0.95
    assert len(np.unique(predictions.y_score[:, 0])) < 10  # 1 - p is rounded
    table = predictions.table()
    for label in ("covid", "normal"):
        assert table[label, "auc"] == pytest.approx(AUC)
        assert table.interval(label, "auc") == table.interval("normal", "auc")
    by = {"site": np.tile(["A", "B"], 10)}
    found = subgroup_table(Y, Y, PROBA, by=by, min_patients=1, scores="auc_covid")
    assert found.interval("", "all", "auc_covid").value == pytest.approx(AUC)


def test_curves_and_comparisons_of_the_first_class(predictions):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    display = RocDisplay.from_predictions(predictions, classes="covid")
    pyplot.close("all")
    assert display.curves["covid"].area.value == pytest.approx(AUC)
    other = Predictions(Y, Y, np.roll(PROBA, 3))
    table = compare_predictions({"a": predictions, "b": other}, classes="covid")
    expected = delong_test(Y == "covid", -PROBA, -np.roll(PROBA, 3))
    assert table["a", "b", "auc_covid"].comparison == expected


def test_files_keep_the_order(predictions, tmp_path):
    predictions.to_csv(tmp_path / "predictions.csv")
    read = Predictions.from_csv(tmp_path / "predictions.csv")
    assert_array_equal(read.y_score, predictions.y_score)
    assert read.table()["covid", "auc"] == pytest.approx(AUC)
