"""Predictions of fitted classifiers, in their own and in coarser schemes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.classification import LabelMapClassifier
from cxrclf.exceptions import LabelWarning
from cxrclf.metrics._class_predictor import (
    ClassPredictor,
    last_step,
    sort_classes,
    warn_of_unfitted,
)

X = np.arange(12.0).reshape(-1, 1)
Y = np.repeat(["a", "b", "c"], 4)


def test_classes_without_a_scheme():
    model = GaussianNB().fit(X[:8], Y[:8])
    found = ClassPredictor().find_classes(model, Y)
    assert found.scheme is None
    assert_array_equal(found.y_true, Y)
    assert found.unfitted == {"c"}
    assert found.classes == {"a", "b", "c"}


def test_probabilities_of_a_class_that_the_estimator_lacks_are_0():
    model = GaussianNB().fit(X[:8], Y[:8])
    predicted, proba = ClassPredictor().predict(
        model, X, ["c", "b", "a"], {"a": "a", "b": "b"}
    )
    assert_array_equal(predicted, model.predict(X))
    assert_allclose(proba, np.column_stack([model.predict_proba(X), np.zeros(12)]))


def test_the_scheme_of_the_estimator_and_a_coarser_one():
    model = LabelMapClassifier(GaussianNB(), {"a": "a", "b": "b"}, rest="b").fit(X, Y)
    found = ClassPredictor().find_classes(model, Y)
    assert found.scheme == {"a": "a", "b": "b", "c": "b"}
    assert_array_equal(found.y_true, np.where(Y == "a", "a", "b"))
    plain = GaussianNB().fit(X, Y)
    predictor = ClassPredictor({"a": "x"}, "y")
    found = predictor.find_classes(plain, Y)
    assert found.merged == {"a": "x", "b": "y", "c": "y"}
    _, proba = predictor.predict(plain, X, ["x", "y"], found.merged)
    of_y = plain.predict_proba(X)[:, 1:].sum(axis=1)
    assert_allclose(proba[:, 1], of_y)


def test_a_classifier_without_probabilities():
    model = RidgeClassifier().fit(X, Y)
    predicted, proba = ClassPredictor().predict(
        model, X, ["a", "b", "c"], {label: label for label in "abc"}
    )
    assert_array_equal(predicted, model.predict(X))
    assert proba is None


def test_the_last_step():
    search = GridSearchCV(make_pipeline(StandardScaler(), GaussianNB()), {}, cv=2)
    assert isinstance(last_step(search.fit(X, Y)), GaussianNB)


def test_messages():
    with pytest.raises(ValueError, match="all str or all numbers"):
        sort_classes({"a", 1})
    with pytest.warns(LabelWarning, match=r"\['c'\].*stratified"):
        warn_of_unfitted({"c"})
    warn_of_unfitted(set())  # warnings are errors here


def test_other_estimators():
    with pytest.raises(TypeError, match=r"must be a classifier .* got Ridge\(\)"):
        ClassPredictor().find_classes(Ridge().fit(X, np.arange(len(X))), Y)
