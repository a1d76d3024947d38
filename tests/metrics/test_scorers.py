import pickle

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import recall_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    PredefinedSplit,
    StratifiedKFold,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.exceptions import LabelWarning
from cxrclf.metrics import classification_table, scorers

NAMES = np.array(["covid", "no finding", "viral pneumonia"])


@pytest.fixture(scope="module")
def imbalanced_problem():
    X, y = make_classification(
        n_samples=150,
        n_classes=3,
        n_informative=4,
        weights=[0.15, 0.5, 0.35],
        random_state=0,
    )
    return X, NAMES[y]


class CountingNB(GaussianNB):
    """Counts the passes of samples through the estimator."""

    passes = 0

    def predict_proba(self, X):
        type(self).passes += 1
        return super().predict_proba(X)

    def predict(self, X):
        type(self).passes += 1
        return super().predict(X)


def test_scores_are_those_of_the_table(imbalanced_problem):
    X, y = imbalanced_problem
    model = GaussianNB().fit(X[:80], y[:80])
    scores = scorers()(model, X[80:], y[80:])
    table = classification_table(
        y[80:], model.predict(X[80:]), model.predict_proba(X[80:])
    )
    expected = dict(table.overall)
    for column in table.columns[:-1]:
        expected[f"macro_{column}"] = table["macro average", column]
        for name in NAMES:
            expected[f"{column}_{name}"] = table[name, column]
    assert scores == pytest.approx(expected)
    assert all(type(score) is float for score in scores.values())


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validate(imbalanced_problem, n_jobs):
    X, y = imbalanced_problem
    pipe = make_imblearn_pipeline(
        StandardScaler(), RandomOverSampler(random_state=0), LogisticRegression()
    )
    scores = cross_validate(
        pipe, X, y, cv=StratifiedKFold(3), scoring=scorers(), n_jobs=n_jobs,
        error_score="raise",
    )  # fmt: skip
    for key, single in [
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
        ("macro_f1", "f1_macro"),
        ("macro_auc", "roc_auc_ovr"),
    ]:
        expected = cross_validate(pipe, X, y, cv=StratifiedKFold(3), scoring=single)
        assert_allclose(scores[f"test_{key}"], expected["test_score"], err_msg=key)
    assert 0 < scores["test_sensitivity_viral pneumonia"].mean() < 1


def test_one_pass_a_fold(imbalanced_problem):
    X, y = imbalanced_problem
    CountingNB.passes = 0
    cross_validate(CountingNB(), X, y, cv=3, scoring=scorers(), error_score="raise")
    assert CountingNB.passes == 3


def test_grid_search(imbalanced_problem):
    X, y = imbalanced_problem
    grid = GridSearchCV(
        LogisticRegression(),
        {"C": [1e-4, 1.0]},
        scoring=scorers(),
        refit="macro_f1",
        cv=3,
        error_score="raise",
    )
    # C=1e-4 never predicts some of the classes: its macro precision is undefined.
    with pytest.warns(UserWarning, match="non-finite"):
        grid.fit(X, y)
    assert grid.best_params_ == {"C": 1.0}
    assert grid.best_score_ == grid.cv_results_["mean_test_macro_f1"].max()
    assert grid.score(X, y) == scorers()(grid, X, y)["macro_f1"]


def test_without_probabilities(imbalanced_problem):
    X, y = imbalanced_problem
    scores = cross_validate(
        RidgeClassifier(), X, y, cv=3, scoring=scorers(), error_score="raise"
    )
    assert "test_sensitivity_covid" in scores
    assert not any("auc" in key for key in scores)


def test_class_missing_from_a_test_fold(imbalanced_problem):
    X, y = imbalanced_problem
    # All COVID-19 samples of the test folds are in the first one.
    fold = np.where(y == "covid", 0, np.arange(len(y)) % 2)
    fold[np.flatnonzero(y == "covid")[:8]] = -1
    scores = cross_validate(
        GaussianNB(), X, y, cv=PredefinedSplit(fold), scoring=scorers(),
        error_score="raise",
    )  # fmt: skip
    for key in ("sensitivity", "auc"):
        assert np.isnan(scores[f"test_{key}_covid"]).tolist() == [False, True]
    assert np.isfinite(scores["test_macro_f1"]).all()
    assert np.isfinite(scores["test_specificity_covid"]).all()


def test_class_missing_from_a_training_fold(imbalanced_problem):
    X, y = imbalanced_problem
    fold = np.where(y == "covid", 0, np.arange(len(y)) % 2)
    for scorer in (scorers(), scorers(NAMES)):
        with pytest.warns(
            LabelWarning, match=r"hold \['covid'\].*StratifiedGroupKFold"
        ):
            scores = cross_validate(
                GaussianNB(), X, y, cv=PredefinedSplit(fold), scoring=scorer,
                error_score="raise", return_train_score=True,
            )  # fmt: skip
        # The first fold was fitted without COVID-19: it finds none, and ranks none.
        assert scores["test_sensitivity_covid"][0] == 0
        assert scores["test_auc_covid"][0] == 0.5
        assert np.isnan(scores["test_precision_covid"][0])
        # All other scores are those of scikit-learn.
        train = fold == 1
        model = GaussianNB().fit(X[train], y[train])
        accuracy = model.score(X[~train], y[~train])
        assert scores["test_accuracy"][0] == pytest.approx(accuracy)
        recall = recall_score(
            y[~train], model.predict(X[~train]), labels=NAMES, average=None
        )
        found = [scores[f"test_sensitivity_{name}"][0] for name in NAMES]
        np.testing.assert_allclose(found, recall)
        assert np.isnan(scores["train_sensitivity_covid"]).tolist() == [True, False]


def test_class_missing_from_both_parts_of_a_split(imbalanced_problem):
    X, y = imbalanced_problem
    rows = np.arange(len(y))
    others = rows[y != "covid"]
    splits = [(rows[::2], rows[1::2]), (others[::2], others[1::2])]
    scores = cross_validate(
        GaussianNB(), X, y, cv=splits, scoring=scorers(), error_score="raise"
    )
    assert np.isnan(scores["test_specificity_covid"]).tolist() == [False, True]
    assert np.isfinite(scores["test_accuracy"]).all()


def test_the_classes_of_another_estimator_are_not_scored(imbalanced_problem):
    X, y = imbalanced_problem
    rows = y != "covid"
    scorer = pickle.loads(pickle.dumps(scorers()))
    full = scorer(GaussianNB().fit(X, y), X, y)
    assert "auc_covid" in full
    assert "auc_covid" not in scorer(
        GaussianNB().fit(X[rows], y[rows]), X[rows], y[rows]
    )


def test_labels_of_another_type_than_the_classes(imbalanced_problem):
    X, y = imbalanced_problem
    model = GaussianNB().fit(X, np.unique(y, return_inverse=True)[1])
    with pytest.raises(ValueError, match="Pass y as in fit"):
        scorers()(model, X, y)


def test_labels_that_lack_a_class(imbalanced_problem):
    X, y = imbalanced_problem
    with pytest.raises(ValueError, match="fitted on the classes"):
        scorers(["covid", "no finding"])(GaussianNB().fit(X, y), X, y)


def test_order_of_labels_and_integer_classes():
    X, y = make_classification(n_samples=60, random_state=0)
    y = np.where(y == 0, 10, 9)
    model = GaussianNB().fit(X, y)
    scores = scorers(labels=[10, 9])(model, X, y)
    assert scores == pytest.approx(scorers()(model, X, y))
    assert scores["sensitivity_10"] == scores["specificity_9"]
    keys = list(scores)
    assert keys.index("f1_10") < keys.index("f1_9")


def test_pickle_and_repr():
    scoring = pickle.loads(pickle.dumps(scorers(NAMES, call_predict=True)))
    assert repr(scoring) == (
        f"scorers({NAMES.tolist()}, label_map=None, rest=None, call_predict=True)"
    )


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_thresholds_are_respected(wrap):
    X, y = make_classification(n_samples=100, flip_y=0.3, random_state=0)
    model = FixedThresholdClassifier(GaussianNB(), threshold=0.01)
    model = wrap(model).fit(X, y)
    expected = classification_table(y, model.predict(X))
    assert expected["1", "sensitivity"] != classification_table(
        y, model.predict_proba(X).argmax(axis=1)
    )["1", "sensitivity"]  # fmt: skip
    assert scorers()(model, X, y)["sensitivity_1"] == expected["1", "sensitivity"]


class Contrarian(ClassifierMixin, BaseEstimator):
    """Predicts the less probable class."""

    def fit(self, X, y):
        self.nb_ = GaussianNB().fit(X, y)
        self.classes_ = self.nb_.classes_
        return self

    def predict_proba(self, X):
        return self.nb_.predict_proba(X)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


def test_call_predict():
    X, y = make_classification(n_samples=60, random_state=0)
    model = Contrarian().fit(X, y)
    asked = scorers(call_predict=True)(model, X, y)
    assert asked["accuracy"] == model.score(X, y)
    assert scorers()(model, X, y)["accuracy"] == pytest.approx(1 - asked["accuracy"])


def test_metadata_routing_needs_no_request(imbalanced_problem):
    X, y = imbalanced_problem
    groups = np.arange(len(y)) % 10
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(
            GaussianNB(), X, y, cv=GroupKFold(3), params={"groups": groups},
            scoring=scorers(), error_score="raise",
        )  # fmt: skip
    plain = cross_validate(
        GaussianNB(), X, y, cv=GroupKFold(3), groups=groups, scoring=scorers()
    )
    assert_allclose(routed["test_macro_f1"], plain["test_macro_f1"])


def test_intervals_are_those_of_the_table(imbalanced_problem):
    X, y = imbalanced_problem
    scorer = scorers(intervals=True, confidence_level=0.9)
    scores = cross_validate(GaussianNB(), X, y, cv=3, scoring=scorer)
    plain = cross_validate(GaussianNB(), X, y, cv=3, scoring=scorers())
    train, test = list(StratifiedKFold(3).split(X, y))[1]
    model = GaussianNB().fit(X[train], y[train])
    table = classification_table(
        y[test],
        model.predict(X[test]),
        model.predict_proba(X[test]),
        intervals=True,
        confidence_level=0.9,
    )
    names = [name for name in plain if name.startswith("test_")]
    assert {f"{name}_low" for name in names} < scores.keys()
    for name in names:
        assert_allclose(scores[name], plain[name], rtol=1e-12)
    for column in ("auc", "f1", "precision"):
        for label in NAMES:
            bounds = [
                scores[f"test_{column}_{label}_{side}"][1] for side in ("low", "high")
            ]
            assert_allclose(bounds, table.interval(label, column)[1:], rtol=1e-12)
    macro = table.interval("macro average", "f1")
    assert scores["test_macro_f1_low"][1] == pytest.approx(macro.low)
    balanced = table.overall_intervals["balanced_accuracy"]
    assert scores["test_balanced_accuracy_high"][1] == pytest.approx(balanced.high)


def test_intervals_of_a_scorer_that_is_shown_and_pickled():
    scorer = pickle.loads(pickle.dumps(scorers(intervals=True)))
    assert repr(scorer).endswith("intervals=True, confidence_level=0.95)")
    assert "intervals" not in repr(scorers())
    with pytest.raises(ValueError, match="confidence_level"):
        scorers(intervals=True, confidence_level=95)


@pytest.mark.parametrize("names", [["high", "low"], ["risk", "risk_low"]])
def test_names_of_classes_that_are_names_of_bounds(names):
    y = np.repeat(names, 20)
    model = GaussianNB().fit(np.arange(40)[:, None], y)
    name = "accuracy_high" if names[0] == "high" else "accuracy_risk_low"
    with pytest.raises(ValueError, match=f"'{name}' is the name of .* Rename the clas"):
        scorers(intervals=True)(model, np.arange(40)[:, None], y)
    assert scorers()(model, np.arange(40)[:, None], y)["accuracy"] > 0.9
