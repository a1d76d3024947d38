"""Classifiers around another classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from cxrclf._utils.meta_classifier import MetaClassifier

X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2
METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


class Around(MetaClassifier):
    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_those_of_the_fitted_estimator(method):
    meta = Around(LogisticRegression()).fit(X, Y)
    expected = getattr(LogisticRegression().fit(X, Y), method)(X)
    np.testing.assert_array_equal(getattr(meta, method)(X), expected)
    assert meta.n_features_in_ == 3


@pytest.mark.parametrize("method", METHODS)
def test_methods_need_fit(method):
    with pytest.raises(NotFittedError):
        getattr(Around(LogisticRegression()), method)(X)


def test_methods_that_the_estimator_lacks_are_lacking():
    for meta in (Around(LinearSVC()), Around(LinearSVC()).fit(X, Y)):
        assert not hasattr(meta, "predict_proba")
        assert hasattr(meta, "decision_function")
    with pytest.raises(AttributeError, match="predict_proba"):
        meta.predict_proba(X)


def test_columns_are_known_after_fit_only():
    meta = Around(LogisticRegression())
    with pytest.raises(AttributeError, match="This Around has no n_features_in_"):
        meta.n_features_in_  # noqa: B018
    assert not hasattr(meta.fit(X, Y), "feature_names_in_")


def test_tags_of_the_input_are_those_of_the_estimator():
    class Images(LogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.three_d_array = True
            return tags

    assert get_tags(Around(Images())).input_tags.three_d_array
    assert not get_tags(Around(LinearSVC())).input_tags.three_d_array
    assert get_tags(Around(LinearSVC())).estimator_type == "classifier"
