"""Scores of probes, against scikit-learn on the same predictions."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from cxrclf.audit import _probe_scores
from cxrclf.audit._chance_test import chance_p_value
from cxrclf.audit._probe_scores import ProbeScores, Settings, estimate_external_auc
from cxrclf.audit._summary_scores import summarize
from cxrclf.metrics import Predictions, bootstrap_interval

SETTINGS = Settings(
    confidence_level=0.9, n_resamples=150, n_permutations=199, random_state=3
)
NAMES = np.array(["covid", "normal", "pneumonia"])
GROUPS = np.arange(90) // 2
FOLD = GROUPS % 3


def predict(seed, *, n_classes=3, groups=GROUPS, signal=1.0):
    codes = np.arange(90) // 2 % n_classes
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(90, n_classes)) + signal * np.eye(n_classes)[codes]
    scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    y_pred = NAMES[scores.argmax(axis=1)]
    return Predictions(NAMES[codes], y_pred, scores, fold=FOLD, groups=groups)


def macro_auc(y_true, y_score):
    return roc_auc_score(y_true, y_score, multi_class="ovr")


def resample(statistic, *arrays, groups=GROUPS):
    return bootstrap_interval(
        statistic,
        *arrays,
        groups=groups,
        confidence_level=0.9,
        n_resamples=150,
        random_state=3,
    )


def test_scores_are_those_of_scikit_learn():
    one, other = predict(0), predict(1, signal=2)
    scores = ProbeScores(one, SETTINGS, other)
    y, labels, others = one.y_true, one.y_pred, other.y_pred
    expected = {
        "accuracy": accuracy_score(y, labels),
        "balanced_accuracy": balanced_accuracy_score(y, labels),
        "auc": macro_auc(y, one.y_score),
    }
    # A report of leakage has the same intervals for the same predictions.
    intervals = summarize(one, 0.9)
    for name, value in expected.items():
        assert getattr(scores, name).value == pytest.approx(value)
        assert getattr(scores, name) == intervals[name]
    assert scores.difference == pytest.approx(
        resample(
            lambda y, a, b: (
                balanced_accuracy_score(y, a) - balanced_accuracy_score(y, b)
            ),
            y,
            others,
            labels,
        )
    )
    assert scores.difference.value > 0
    codes = np.searchsorted(NAMES, y)
    assert scores.p_value == chance_p_value(
        codes, one.y_score, FOLD, GROUPS, n_permutations=199, random_state=3
    )


def test_two_classes_have_one_auc():
    predictions = predict(0, n_classes=2, groups=None)
    auc = ProbeScores(predictions, SETTINGS).auc
    positive = predictions.y_true == "normal"
    expected = roc_auc_score(positive, predictions.y_score[:, 1])
    assert auc.value == pytest.approx(expected)
    assert auc.low < auc.value < auc.high


def test_labels_are_scores_where_there_are_no_probabilities():
    soft = predict(0)
    hard = Predictions(soft.y_true, soft.y_pred, fold=FOLD, groups=GROUPS)
    scores = ProbeScores(hard, SETTINGS)
    assert np.isnan(scores.auc).all()
    assert np.isnan(scores.difference).all()
    codes, labels = (
        np.searchsorted(NAMES, part) for part in (soft.y_true, soft.y_pred)
    )
    assert scores.p_value == chance_p_value(
        codes, np.eye(3)[labels], FOLD, GROUPS, n_permutations=199, random_state=3
    )
    assert np.isnan(estimate_external_auc(soft, hard, SETTINGS)).all()


def test_external_auc_is_the_published_equation():
    """P_Est = P_Source - P_DABIS + 0.5, Ong Ly et al. 2024."""
    one, other = predict(0, signal=2), predict(1, signal=0.5)
    expected = resample(
        lambda y, a, b: macro_auc(y, a) - macro_auc(y, b) + 0.5,
        one.y_true,
        one.y_score,
        other.y_score,
    )
    assert estimate_external_auc(one, other, SETTINGS) == pytest.approx(expected)
    assert 0.5 < expected.value < macro_auc(one.y_true, one.y_score)


def test_p_value_is_computed_once_when_it_is_used(monkeypatch):
    calls = []

    def count(*args, **settings):
        calls.append(settings)
        return chance_p_value(*args, **settings)

    monkeypatch.setattr(_probe_scores, "chance_p_value", count)
    scores = ProbeScores(predict(0), SETTINGS)
    assert calls == []
    assert scores.p_value == scores.p_value
    assert len(calls) == 1
