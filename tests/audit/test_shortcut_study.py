"""Predictions on the same folds, against scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict

from cxrclf.audit._probe import Probe
from cxrclf.audit._probe_scores import ProbeScores, Settings
from cxrclf.audit._shortcut_study import ShortcutStudy
from cxrclf.exceptions import PatientLeakWarning

SETTINGS = Settings(0.95, 100, 99, 0)


@pytest.fixture
def study():
    y = np.arange(40) % 2
    splitter = KFold(4)
    return ShortcutStudy(y, np.arange(40) // 2, list(splitter.split(y)), SETTINGS, 1)


def test_predictions_are_those_of_scikit_learn(study, capsys):
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
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["estimator", "metadata"]


def test_other_probes_have_no_columns(study):
    X = np.random.default_rng(0).normal(size=(40, 1))
    probe = Probe("file_size", X, LogisticRegression(), columns={"bytes": X[:, 0]})
    study.add_probe(probe, LogisticRegression())
    assert study.columns == study.column_predictions == study.pictures == {}


def test_leaking_folds_are_warned_of_once():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    splits = list(KFold(4, shuffle=True, random_state=0).split(y))
    study = ShortcutStudy(y, np.arange(40) // 2, splits, SETTINGS)
    with pytest.warns(PatientLeakWarning, match="patients are in the training"):
        study.score("estimator", LogisticRegression(), X)
    study.score("border", LogisticRegression(), X)
