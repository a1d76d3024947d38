import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score

from cxrclf.metrics import ComparisonTable, classification_table
from cxrclf.studies._study_scores import StudyScores, cell, tabulate_scores
from study_results import make_study_results


@pytest.fixture(scope="module")
def scores():
    return StudyScores(make_study_results(["a", "b", "c"], audit=False, examples=False))


def test_order_is_by_balanced_accuracy(scores):
    expected = {
        name: balanced_accuracy_score(p.y_true, p.y_pred)
        for name, p in scores.predictions.items()
    }
    assert scores.order == sorted(expected, key=expected.get, reverse=True)
    for name, value in expected.items():
        assert scores.overall(name, "balanced_accuracy").value == pytest.approx(value)


def test_scores_of_classes_and_overall(scores):
    found = scores.predictions["a"]
    table = tabulate_scores(scores.tables["a"])
    recalls = recall_score(found.y_true, found.y_pred, average=None)
    values = [estimate.value for estimate in table["sensitivity"][:3]]
    assert values == pytest.approx(recalls.tolist())
    assert table["class"][-2:] == ["overall accuracy", "balanced accuracy"]
    right = np.mean(found.y_true == found.y_pred)
    assert table["accuracy"][-2].value == pytest.approx(right)
    assert table["sensitivity"][-2:] == [None, None]
    assert table["support"][:4] == [20, 20, 20, 60]


def test_table_without_intervals():
    table = classification_table([0, 1, 1], [0, 1, 0])
    assert cell(table, "1", "sensitivity")[0] == 0.5
    assert np.isnan(cell(table, "1", "sensitivity").low)
    assert tabulate_scores(table)["accuracy"][-2].value == pytest.approx(2 / 3)


def test_differences_need_two_networks_on_the_same_images(scores):
    assert isinstance(scores.differences, ComparisonTable)
    one = StudyScores(make_study_results(["a"], audit=False, examples=False))
    assert one.differences is None
    results = make_study_results(audit=False, examples=False)
    results.fits = results.fits[:-1]  # the second network lacks a fold
    assert StudyScores(results).differences is None


def test_macro_average_without_probabilities_is_none(scores):
    assert scores.macro("a", "nonsense") is None
    assert scores.macro("a", "auc").low < scores.macro("a", "auc").value
