"""Predictions on the same folds, against scikit-learn."""

import threading

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict

from cxrclf.audit._probe import Probe
from cxrclf.audit._probe_scores import ProbeScores, Settings
from cxrclf.audit._shortcut_study import ShortcutStudy

SETTINGS = Settings(0.95, 100, 99, 0)


@pytest.fixture
def study():
    y = np.arange(40) % 2
    splitter = KFold(4)
    folds = list(splitter.split(y))
    return ShortcutStudy(y, np.arange(40) // 2, None, folds, SETTINGS)


def test_predictions_are_those_of_scikit_learn(study):
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = np.arange(40) % 2
    picture = np.zeros((4, 4), np.uint8)
    study.score("estimator", LogisticRegression(), X)
    study.add_probe(
        Probe(
            "metadata",
            X[:, :2],
            LogisticRegression(C=0.1),
            picture,
            {"width": X[:, 0], "height": X[:, 1]},
        ),
        LogisticRegression(C=10),
    )
    cv = KFold(4)
    for name, estimator, features in (
        ("estimator", LogisticRegression(), X),
        ("metadata", LogisticRegression(C=0.1), X[:, :2]),
    ):
        predictions = study.predictions[name]
        expected = cross_val_predict(estimator, features, y, cv=cv)
        assert_array_equal(predictions.y_pred, expected[predictions.rows])
        assert_array_equal(predictions.groups, predictions.rows // 2)
    scores = study.scores["metadata"]
    again = ProbeScores(
        study.predictions["metadata"], SETTINGS, study.predictions["estimator"]
    )
    assert scores.difference == again.difference
    assert np.isnan(study.scores["estimator"].difference.value)
    assert list(study.columns) == ["width", "height"]
    column = cross_val_predict(LogisticRegression(C=10), X[:, 1:2], y, cv=cv)
    assert study.columns["height"].accuracy.value == np.mean(column == y)
    rows = study.column_predictions["height"].rows
    assert_array_equal(study.column_predictions["height"].y_pred, column[rows])
    assert study.pictures == {"metadata": picture}


def test_other_probes_have_no_columns(study):
    X = np.random.default_rng(0).normal(size=(40, 1))
    probe = Probe("file_size", X, LogisticRegression(), columns={"bytes": X[:, 0]})
    study.add_probe(probe, LogisticRegression())
    assert study.columns == study.column_predictions == study.pictures == {}


def test_patients_and_copies_in_training_samples_are_counted():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    splits = list(KFold(4, shuffle=True, random_state=0).split(y))
    patients = np.arange(40) // 2
    copies = np.arange(40)
    copies[[7, 13]] = copies[20]
    for groups, joined in ((patients, patients), (None, np.arange(40))):
        units = joined.copy()
        for row in (7, 13):
            units[units == joined[row]] = joined[20]
        study = ShortcutStudy(y, groups, copies, splits, SETTINGS)
        expected = sum(
            units[row] in units[train] for train, test in splits for row in test
        )
        assert study.count_dependent() == expected > 0
        assert study.count_copies() == 3
        assert study.count_patients() == (None if groups is None else 20)
        study.score("estimator", LogisticRegression(), X)
        found = study.predictions["estimator"]
        same = found.groups[:, None] == found.groups
        assert_array_equal(same, units[found.rows][:, None] == units[found.rows])


class SlowClassifier(DummyClassifier):
    """Classifier that waits until as many folds are fitted at the same time."""

    barrier = threading.Barrier(2)

    def fit(self, X, y):
        self.barrier.wait(timeout=30)
        return super().fit(X, y)


def test_folds_are_fitted_at_the_same_time():
    y = np.arange(40) % 2
    study = ShortcutStudy(y, None, None, list(KFold(4).split(y)), SETTINGS, n_jobs=2)
    with parallel_config("threading"):
        study.score("estimator", SlowClassifier(), y[:, None])
    assert len(study.predictions["estimator"]) == 40


def test_unknown_patients_are_not_counted():
    y = np.arange(40) % 2
    study = ShortcutStudy(y, None, None, list(KFold(4).split(y)), SETTINGS)
    assert study.count_dependent() == study.count_copies() == 0
    assert study.count_patients() is None
