"""Linear probes: who is recognized, and by whom."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.generation._linear_probes import recognize, separability


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (30, 6)), rng.normal(1, 1, (20, 6))


def test_separability_is_the_auc_of_held_out_rows(features):
    made, real = features
    X, y = np.concatenate(features), np.repeat([1, 0], [30, 20])
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced")
    )
    scores = cross_val_predict(
        probe,
        X,
        y,
        groups=np.arange(50),
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        method="decision_function",
    )
    expected = roc_auc_score(y, scores)
    assert separability(made, real, np.arange(30)) == pytest.approx(expected)
    assert 0.8 < expected < 1


def test_equal_rows_cannot_be_told_apart():
    rng = np.random.default_rng(1)
    assert 0.2 < separability(*rng.normal(size=(2, 40, 6)), np.arange(40)) < 0.8


def test_recognized_rows_are_those_that_look_like_the_class(features):
    sources, real = features
    shifted = sources + 3
    sensitivity, false, (moved, same) = recognize(
        sources, real, [shifted, sources], np.arange(30)
    )
    assert moved.all()
    assert same.mean() == pytest.approx(false)
    assert 0.6 < sensitivity <= 1
    assert false < 0.4


def test_no_row_is_judged_by_a_classifier_that_saw_its_source():
    # The classes are equal, so that only memory could tell their rows apart.
    rng = np.random.default_rng(2)
    sources, real = rng.normal(size=(2, 40, 200))
    _, false, (own,) = recognize(sources, real, [sources], np.arange(40))
    assert own.mean() == pytest.approx(false)
    assert own.mean() > 0.25
    # Every source twice, under one number: still nobody is remembered.
    twice = np.concatenate([sources[:20], sources[:20]])
    groups = np.tile(np.arange(20), 2)
    _, _, (own,) = recognize(twice, real, [twice], groups)
    assert own.mean() > 0.2


def test_too_few_rows_give_no_number():
    rows = np.zeros((1, 3))
    assert np.isnan(separability(rows, np.ones((5, 3)), np.zeros(1)))
    sensitivity, _, found = recognize(rows, np.ones((5, 3)), [rows], np.zeros(1))
    assert np.isnan(sensitivity)
    assert found is None
