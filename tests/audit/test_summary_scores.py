import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from cxrclf.audit._summary_scores import summarize
from cxrclf.metrics import Predictions


def make_predictions(n=60):
    random = np.random.default_rng(0)
    y_true = np.array(["covid", "normal", "pneumonia"])[np.arange(n) % 3]
    y_score = random.dirichlet([1, 1, 1], n)
    classes = np.unique(y_true)
    return Predictions(y_true, classes[y_score.argmax(axis=1)], y_score)


def test_scores_are_those_of_scikit_learn():
    predictions = make_predictions()
    y_true, y_pred = predictions.y_true, predictions.y_pred
    scores = summarize(predictions)
    assert list(scores) == ["accuracy", "balanced_accuracy", "auc"]
    expected = {
        "accuracy": accuracy_score(y_true, y_pred),
        "balanced_accuracy": balanced_accuracy_score(y_true, y_pred),
        "auc": roc_auc_score(y_true, predictions.y_score, multi_class="ovr"),
    }
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value, abs=1e-12)
        assert scores[name].low < value < scores[name].high


def test_no_auc_without_probabilities():
    predictions = Predictions(["a", "b", "a", "b"], ["a", "b", "b", "b"])
    assert list(summarize(predictions)) == ["accuracy", "balanced_accuracy"]
