"""Steps see what a pipeline shows them, and a validation set is transformed."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf import CXRClassifier
from cxrclf.sampling import PhasedClassifier
from cxrclf.studies._fit_steps import (
    find_classifier,
    fit_steps,
    has_validation,
    last_step,
)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), np.repeat(["a", "b"], [30, 10])
X_VAL, Y_VAL = RNG.normal(size=(6, 3)), np.repeat(["a", "b"], 3)
GROUPS = np.arange(40) // 2


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_fitted_ = len(X)
        return self

    def transform(self, X):
        return 2 * X


class Recorder(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, *, groups=None, X_val=None, y_val=None):
        self.seen_ = X, y, groups, X_val, y_val
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_classifier_gets_everything():
    fitted = fit_steps(Recorder(), X, Y, groups=GROUPS, X_val=X_VAL, y_val=Y_VAL)
    for found, expected in zip(fitted.seen_, (X, Y, GROUPS, X_VAL, Y_VAL), strict=True):
        assert found is expected


def test_a_transformer_is_fitted_on_training_images_only():
    pipeline = make_pipeline(Doubler(), "passthrough", Recorder())
    fit_steps(pipeline, X, Y, groups=GROUPS, X_val=X_VAL, y_val=Y_VAL)
    assert pipeline[0].n_fitted_ == 40
    found = pipeline[-1].seen_
    np.testing.assert_array_equal(found[0], 2 * X)
    np.testing.assert_array_equal(found[3], 2 * X_VAL)
    assert found[2] is GROUPS
    assert found[4] is Y_VAL


def test_a_sampler_changes_training_images_only():
    sampler = RandomOverSampler(random_state=0)
    pipeline = make_sampling_pipeline(Doubler(), sampler, Recorder())
    fit_steps(pipeline, X, Y, groups=GROUPS, X_val=X_VAL, y_val=Y_VAL)
    seen, y, groups, X_val, y_val = pipeline[-1].seen_
    assert np.unique(y, return_counts=True)[1].tolist() == [30, 30]
    assert len(seen) == 60
    # The patient of a row is that of the same row in X.
    patients = {tuple(row): group for row, group in zip(2 * X, GROUPS, strict=True)}
    assert groups.tolist() == [patients[tuple(row)] for row in seen]
    np.testing.assert_array_equal(X_val, 2 * X_VAL)
    assert y_val is Y_VAL


def test_patients_of_made_up_images_are_not_known():
    pipeline = make_sampling_pipeline(SMOTE(random_state=0), Recorder())
    fit_steps(pipeline, X, Y, groups=GROUPS)
    assert len(pipeline[-1].seen_[0]) == 60
    assert pipeline[-1].seen_[2] is None


@pytest.mark.parametrize("sampler", ["passthrough", RandomOverSampler(random_state=0)])
def test_the_result_is_that_of_the_pipeline(sampler):
    def make():
        return make_sampling_pipeline(StandardScaler(), sampler, LogisticRegression())

    found = fit_steps(make(), X, Y, groups=GROUPS)
    expected = make().fit(X, Y)
    # The same steps compute the same numbers.
    np.testing.assert_array_equal(
        found.predict_proba(X_VAL), expected.predict_proba(X_VAL)
    )
    assert found.classes_.tolist() == ["a", "b"]


def test_a_search_splits_patients_with_its_own_splitter():
    class Splitter(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    seen = []
    grid = {"C": [1.0, 2.0]}
    search = GridSearchCV(LogisticRegression(), grid, cv=Splitter(2))
    fit_steps(search, X[::-1], Y[::-1], groups=np.arange(40) % 8)
    assert seen[-1].tolist() == (np.arange(40) % 8).tolist()
    # A number of folds splits images. scikit-learn would warn about unused groups.
    fit_steps(GridSearchCV(LogisticRegression(), grid, cv=2), X, Y, groups=GROUPS)


def test_validation_sets_are_for_classifiers_that_accept_them():
    assert has_validation(CXRClassifier())
    assert has_validation(PhasedClassifier(CXRClassifier()))
    assert has_validation(make_pipeline(Doubler(), CXRClassifier()))
    assert not has_validation(LogisticRegression())
    assert not has_validation(make_pipeline(Doubler(), LogisticRegression()))


def test_the_innermost_classifier_is_found():
    search = GridSearchCV(make_pipeline(Doubler(), LogisticRegression()), {}, cv=2)
    found = find_classifier(search.fit(X, Y))
    assert type(found) is LogisticRegression
    assert hasattr(found, "coef_")
    assert last_step(make_pipeline(Doubler(), search)) is search
    assert last_step(search) is search
