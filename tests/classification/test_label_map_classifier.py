import pickle

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from cxrclf.classification import LabelMapClassifier
from cxrclf.datasets import load_image_folder
from cxrclf.exceptions import LabelWarning
from cxrclf.metrics import classification_table, map_labels, scorers

LABELS = np.array(["covid", "normal", "pneumonia", "tuberculosis"])
TWO = {"label_map": {"covid": "covid"}, "rest": "other"}
THREE = {
    "label_map": {
        "covid": "covid",
        "normal": "normal",
        "pneumonia": "other disease",
        "tuberculosis": "other disease",
    }
}
FOUR = {"label_map": None}


@pytest.fixture(scope="module")
def problem():
    X, codes = make_classification(
        n_samples=200,
        n_classes=4,
        n_informative=5,
        weights=[0.1, 0.4, 0.35],
        random_state=0,
    )
    return X, LABELS[codes]


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what fit was given."""

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        self.given_ = {
            "y": y, "sample_weight": sample_weight, "groups": groups,
            "X_val": X_val, "y_val": y_val,
        }  # fmt: skip
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@parametrize_with_checks(
    [
        LabelMapClassifier(LogisticRegression(), None),
        LabelMapClassifier(RidgeClassifier(), None, rest="unused"),
        LabelMapClassifier(make_pipeline(StandardScaler(), GaussianNB()), None),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("scheme", [TWO, THREE, FOUR], ids=["two", "three", "four"])
def test_equals_the_estimator_on_labels_mapped_by_hand(problem, scheme):
    X, y = problem
    clf = LabelMapClassifier(LogisticRegression(), **scheme).fit(X, y)
    by_hand = [(scheme["label_map"] or {}).get(label, "other") for label in y]
    mapped = y if scheme is FOUR else np.array(by_hand)
    plain = LogisticRegression().fit(X, mapped)
    assert_array_equal(clf.classes_, plain.classes_)
    assert_array_equal(clf.predict(X), plain.predict(X))
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert_allclose(getattr(clf, method)(X), getattr(plain, method)(X))
    weights = np.arange(len(y))
    assert clf.score(X, y) == plain.score(X, mapped)
    assert clf.score(X, y, weights) == plain.score(X, mapped, weights)
    assert clf.n_features_in_ == X.shape[1]


def test_label_map_of_the_fit(problem):
    X, y = problem
    scheme = {"covid": "covid", "influenza": "viral"}
    clf = LabelMapClassifier(GaussianNB(), scheme, rest="other")
    with pytest.warns(UserWarning, match=r"lists \['influenza'\], which y lacks"):
        clf.fit(X, y)
    assert clf.label_map_ == {
        "covid": "covid",
        "influenza": "viral",
        "normal": "other",
        "pneumonia": "other",
        "tuberculosis": "other",
    }
    assert clf.classes_.tolist() == ["covid", "other"]
    assert clf.label_map == scheme


def test_labels_unseen_in_fit_are_scored_as_the_rest(problem):
    X, y = problem
    seen = y != "tuberculosis"
    clf = LabelMapClassifier(GaussianNB(), **TWO).fit(X[seen], y[seen])
    mapped = map_labels(y, **TWO)
    assert clf.score(X, y) == np.mean(clf.predict(X) == mapped)
    clf = LabelMapClassifier(GaussianNB(), {"covid": 1, "normal": 0, "pneumonia": 0})
    clf.fit(X[seen], y[seen])
    with pytest.raises(ValueError, match=r"does not list the labels \['tubercul"):
        clf.score(X, y)


def test_integer_labels_and_classes():
    X, y = make_classification(
        n_samples=90, n_classes=3, n_informative=4, random_state=0
    )
    full = {np.int64(0): 1, 1: 0, 2: 0}
    clf = LabelMapClassifier(GaussianNB(), full).fit(X, y)
    assert clf.classes_.tolist() == [0, 1]
    plain = GaussianNB().fit(X, y == 0)
    assert_array_equal(clf.predict(X) == 1, plain.predict(X))


def test_fit_parameters_are_passed_on_and_y_val_is_mapped(problem):
    X, y = problem
    given = {"sample_weight": np.ones(len(y)), "groups": np.arange(len(y)), "X_val": X}
    clf = LabelMapClassifier(Recorder(), **TWO).fit(X, y, **given, y_val=y[::-1])
    for name, value in given.items():
        assert clf.estimator_.given_[name] is value
    mapped = map_labels(y, **TWO)
    assert_array_equal(clf.estimator_.given_["y"], mapped)
    assert_array_equal(clf.estimator_.given_["y_val"], mapped[::-1])
    pipe = make_pipeline(Recorder())
    clf = LabelMapClassifier(pipe, **TWO).fit(X, y, recorder__y_val=y)
    assert_array_equal(clf.estimator_[-1].given_["y_val"], mapped)
    assert LabelMapClassifier(Recorder(), **TWO).fit(X, y, X_val=None, y_val=None)


def test_y_val_with_unlisted_labels(problem):
    X, y = problem
    clf = LabelMapClassifier(Recorder(), THREE["label_map"])
    with pytest.raises(ValueError, match=r"\['influenza'\]"):
        clf.fit(X, y, X_val=X[:1], y_val=["influenza"])


def test_metadata_routing(problem):
    X, y = problem
    groups, weights = np.arange(len(y)), np.linspace(0, 1, len(y))
    with config_context(enable_metadata_routing=True):
        inner = Recorder().set_fit_request(
            groups=True, X_val=True, y_val=True, sample_weight=False
        )
        clf = LabelMapClassifier(inner, **TWO).set_score_request(sample_weight=True)
        clf.fit(X, y, groups=groups, X_val=X, y_val=y)
        scores = cross_validate(
            clf, X, y, cv=2, params={"groups": groups, "sample_weight": weights},
            return_estimator=True, return_indices=True, error_score="raise",
        )  # fmt: skip
        with pytest.raises(TypeError, match="unexpected argument"):
            clf.fit(X, y, nonsense=1)
    assert_array_equal(clf.estimator_.given_["y_val"], map_labels(y, **TWO))
    for fold in range(2):
        train, test = (scores["indices"][part][fold] for part in ("train", "test"))
        fitted = scores["estimator"][fold]
        assert_array_equal(fitted.estimator_.given_["groups"], groups[train])
        assert scores["test_score"][fold] == pytest.approx(
            np.average(y[test] == "covid", weights=weights[test])
        )


def test_sampler_inside_balances_the_scheme(problem):
    X, y = problem
    pipe = make_imblearn_pipeline(RandomOverSampler(random_state=0), Recorder())
    clf = LabelMapClassifier(pipe, **THREE).fit(X, y)
    _, counts = np.unique(clf.estimator_[-1].given_["y"], return_counts=True)
    assert len(counts) == 3
    assert len(set(counts.tolist())) == 1


def test_class_weights_are_those_of_the_scheme(problem):
    X, y = problem
    weights = {"covid": 5.0, "other": 1.0}
    clf = LabelMapClassifier(LogisticRegression(class_weight=weights), **TWO).fit(X, y)
    plain = LogisticRegression(class_weight=weights).fit(X, map_labels(y, **TWO))
    assert_allclose(clf.predict_proba(X), plain.predict_proba(X))


class RecordingFolds(StratifiedKFold):
    """Keeps the labels that it is asked to stratify."""

    def split(self, X, y=None, groups=None):
        self.seen = np.unique(y).tolist()
        return super().split(X, y, groups)


def test_cross_validation_sees_the_labels_of_the_data(problem):
    X, y = problem
    folds = RecordingFolds(3)
    clf = LabelMapClassifier(GaussianNB(), **TWO)
    scores = cross_validate(clf, X, y, cv=folds, error_score="raise")["test_score"]
    assert folds.seen == LABELS.tolist()
    predicted = cross_val_predict(clf, X, y, cv=StratifiedKFold(3))
    mapped = map_labels(y, **TWO)
    by_hand = [
        np.mean(predicted[test] == mapped[test])
        for _, test in StratifiedKFold(3).split(X, y)
    ]
    assert_allclose(scores, by_hand)


def test_grid_over_schemes(problem):
    X, y = problem
    schemes = [TWO["label_map"], THREE["label_map"], FOUR["label_map"]]
    candidates = {"label_map": schemes, "estimator__C": [0.01, 1.0]}
    grid = GridSearchCV(
        LabelMapClassifier(LogisticRegression(), None, rest="other"),
        candidates,
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert grid.cv_results_["params"] == list(ParameterGrid(candidates))
    for i, parameters in enumerate(grid.cv_results_["params"]):
        alone = LabelMapClassifier(LogisticRegression(), None, rest="other")
        alone.set_params(**parameters)
        expected = cross_validate(alone, X, y, cv=3)["test_score"].mean()
        assert grid.cv_results_["mean_test_score"][i] == pytest.approx(expected)
    assert set(grid.classes_) == {"covid", "other"}


def test_pickle(problem):
    X, y = problem
    clf = LabelMapClassifier(GaussianNB(), **THREE).fit(X, y)
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert again.score(X, y) == clf.score(X, y)


def test_methods_are_those_of_the_estimator(problem):
    X, y = problem
    without = LabelMapClassifier(RidgeClassifier(), **TWO)
    for clf in (without, without.fit(X, y)):
        assert hasattr(clf, "decision_function")
        assert not hasattr(clf, "predict_proba")
    assert not hasattr(LabelMapClassifier(GaussianNB(), **TWO), "classes_")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"label_map": {"covid": "covid"}}, r"\['normal', 'pneumonia', 'tuberculosis'"),
        ({"label_map": dict.fromkeys(LABELS, "x")}, "one class only in this scheme"),
        ({"label_map": {}, "rest": "x"}, "one class only in this scheme"),
        ({"label_map": {0: "covid"}, "rest": "x"}, "never the same label"),
        ({"label_map": {"covid": 1}, "rest": "x"}, "classes of label_map and rest"),
        ({"label_map": ["covid"]}, "The 'label_map' parameter .* must be"),
        ({"label_map": None, "rest": ["x"]}, "The 'rest' parameter .* must be"),
    ],
)
def test_unsuitable_schemes_are_found_before_training(problem, parameters, message):
    X, y = problem

    class Untrainable(DummyClassifier):
        def fit(self, X, y):
            raise AssertionError("training began")

    with pytest.raises(ValueError, match=message):
        LabelMapClassifier(Untrainable(), **parameters).fit(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        ([1.0, np.nan, 1.0, 2.0], "y has 1 missing label .*row 1"),
        (
            np.array(["covid", np.nan, "covid", "x"], dtype=object),
            "missing label .*row 1",
        ),
        ([0.5, 1.5, 2.5, 3.5], "Unknown label type"),
        (["covid", "normal"], "inconsistent numbers of samples"),
        (np.eye(4, dtype=int), "one label per image"),
    ],
)
def test_unsuitable_y(y, message):
    clf = LabelMapClassifier(GaussianNB(), **TWO)
    with pytest.raises(ValueError, match=message):
        clf.fit(np.zeros((4, 2)), y)


def test_what_replaces_labels_belongs_inside(problem):
    X, y = problem
    with pytest.raises(ValueError, match="never the same label"):
        cross_val_predict(
            LabelMapClassifier(GaussianNB(), **TWO), X, y, method="predict_proba"
        )
    inside = LabelMapClassifier(CalibratedClassifierCV(GaussianNB()), **TWO).fit(X, y)
    assert inside.predict_proba(X).shape == (len(X), 2)


def test_networks_in_schemes(radiograph_files, small_classifier):
    data = radiograph_files
    inner = small_classifier(trainable="head", feature_cache=None)
    clf = LabelMapClassifier(inner, **TWO)
    scores = cross_validate(
        clf, data.data, data.target, cv=2, scoring=scorers(), error_score="raise",
        return_estimator=True, return_indices=True,
    )  # fmt: skip
    assert scores["test_original_sensitivity_pneumonia"].shape == (2,)
    train, test = (scores["indices"][part][0] for part in ("train", "test"))
    mapped = map_labels(data.target, **TWO)
    plain = clone(inner).fit(data.data[train], mapped[train])
    assert_array_equal(
        scores["estimator"][0].predict_proba(data.data[test]),
        plain.predict_proba(data.data[test]),
    )
    clf.fit(
        data.data[train], data.target[train],
        groups=data.groups[train], X_val=data.data[test], y_val=data.target[test],
    )  # fmt: skip
    assert len(clf.estimator_.history_["valid_loss"]) == 2


def test_real_radiographs(real_radiographs, small_classifier):
    data = load_image_folder(real_radiographs / "test")
    clf = LabelMapClassifier(small_classifier(trainable="head"), **TWO)
    clf.fit(data.data, data.target)
    assert clf.label_map_ == {"covid": "covid", "normal": "other", "pneumonia": "other"}
    table = classification_table(
        map_labels(data.target, **TWO), clf.predict(data.data), labels=clf.classes_
    )
    assert table["covid", "support"] == np.sum(data.target == "covid")
    assert table["other", "support"] == np.sum(data.target != "covid")
    assert table.overall["accuracy"] == clf.score(data.data, data.target)


def test_classes_of_the_scheme_are_no_labels(problem):
    X, y = problem
    clf = LabelMapClassifier(LogisticRegression(), {"covid": "sick"}, rest="well")
    clf.fit(X, y)
    with pytest.raises(
        ValueError, match=r"y holds \['sick', 'well'\], which are class"
    ):
        clf.score(X, clf.predict(X))


def test_a_label_that_is_misspelt_beside_a_rest_warns(problem):
    X, y = problem
    scheme = {"covid": "covid", "Pneumonia": "pneumonia"}
    clf = LabelMapClassifier(LogisticRegression(), scheme, rest="other")
    with (
        pytest.warns(LabelWarning, match=r"\['Pneumonia', 'pneumonia'\] differ only"),
        pytest.warns(UserWarning, match=r"lists \['Pneumonia'\], which y lacks"),
    ):
        clf.fit(X, y)
    clf = LabelMapClassifier(LogisticRegression(), {"Covid": "covid"}, rest="other")
    with (
        pytest.warns(LabelWarning, match=r"\['Covid', 'covid'\] differ only"),
        pytest.raises(ValueError, match=r"y holds the labels \['covid', 'normal'"),
    ):
        clf.fit(X, y)
