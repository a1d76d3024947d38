"""A classifier is trained on one phase after another, and on nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from cxrclf import Augmentation
from cxrclf.augmentation import AugmentedPath
from cxrclf.sampling import PhasedBalancedSplit, PhasedClassifier


@pytest.fixture(scope="module")
def imbalanced_rows():
    return make_classification(
        400,
        n_features=12,
        n_informative=6,
        n_classes=3,
        weights=[0.1, 0.6, 0.3],
        random_state=0,
    )


class Recorder(ClassifierMixin, BaseEstimator):
    """Notes the rows that it is trained on; predicts by the script of its scores."""

    def __init__(self, script=(), random_state=None):
        self.script = script
        self.random_state = random_state

    def partial_fit(self, X, y, classes=None):
        if not hasattr(self, "calls_"):
            self.calls_, self.classes_ = [], classes
        self.calls_.append((X, np.asarray(y)))
        return self

    def fit(self, X, y):
        raise AssertionError("PhasedClassifier calls partial_fit")

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        self.scored_ = X, np.asarray(y)
        return self.script[len(self.calls_) - 1]


class PhaseTaker(ClassifierMixin, BaseEstimator):
    """Notes what `fit` got, as a classifier that trains on phases in one go."""

    def __init__(self, validation_fraction=None, tracks=False):
        self.validation_fraction = validation_fraction
        self.tracks = tracks

    def fit(self, X, y, *, X_val=None, y_val=None, phases=None, restart_schedule=False):
        self.got_ = {
            "X": X,
            "y": y,
            "X_val": X_val,
            "y_val": y_val,
            "phases": phases,
            "restart": restart_schedule,
        }
        self.classes_ = np.unique(y)
        if self.tracks:
            self.history_ = {"epoch": [1, 2], "train_loss": [0.7, 0.6]}
            self.best_epoch_ = 2
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class OldPhaseTaker(ClassifierMixin, BaseEstimator):
    """Takes phases and nothing else."""

    def fit(self, X, y, phases):
        return self

    def predict(self, X):
        raise NotImplementedError


@parametrize_with_checks(
    [
        PhasedClassifier(SGDClassifier(), n_epochs=5, random_state=0),
        PhasedClassifier(
            SGDClassifier(), n_epochs=5, validation_fraction=0.3, random_state=0
        ),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_scikit_learn_checks_of_phased_classifier(estimator, check):
    check(estimator)


def test_is_a_loop_of_partial_fit(imbalanced_rows):
    X, y = imbalanced_rows
    split = PhasedBalancedSplit(4, per_phase={1: 50, 2: 20}, random_state=1)
    sgd = SGDClassifier(random_state=2)
    clf = PhasedClassifier(sgd, split, n_epochs=3).fit(X, y)

    expected = clone(sgd)
    for rows in split.split(X, y):
        for _ in range(3):
            expected.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    np.testing.assert_array_equal(clf.estimator_.coef_, expected.coef_)
    np.testing.assert_array_equal(clf.predict(X), expected.predict(X))
    np.testing.assert_array_equal(
        clf.decision_function(X), expected.decision_function(X)
    )
    assert clf.score(X, y) == expected.score(X, y)
    np.testing.assert_equal(clf.phases_, list(split.split(X, y)))
    assert clf.plan_ == split.plan(y)
    assert clf.classes_.tolist() == [0, 1, 2]
    assert clf.n_features_in_ == 12
    assert not hasattr(clf, "history_")


def test_has_the_methods_of_its_classifier(imbalanced_rows):
    X, y = imbalanced_rows
    hinge = PhasedClassifier(SGDClassifier(loss="hinge"))
    assert not hasattr(hinge, "predict_proba")
    assert hasattr(hinge, "decision_function")
    bayes = PhasedClassifier(BernoulliNB()).fit(X, y)
    assert not hasattr(bayes, "decision_function")
    proba = bayes.estimator_.predict_proba(X)
    np.testing.assert_array_equal(bayes.predict_proba(X), proba)
    np.testing.assert_array_equal(
        bayes.predict_log_proba(X), bayes.estimator_.predict_log_proba(X)
    )


def test_trains_phase_by_phase_on_what_the_split_gives(imbalanced_rows):
    X, y = imbalanced_rows
    clf = PhasedClassifier(Recorder(), PhasedBalancedSplit(3), n_epochs=2).fit(X, y)
    calls = clf.estimator_.calls_
    assert len(calls) == 6
    for k, (X_call, y_call) in enumerate(calls):
        np.testing.assert_array_equal(X_call, X[clf.phases_[k // 2]])
        np.testing.assert_array_equal(y_call, y[clf.phases_[k // 2]])


def test_keeps_the_best_epoch_on_a_given_validation_set(imbalanced_rows):
    X, y = imbalanced_rows
    script = (0.5, 0.7, 0.6, 0.9, 0.9, 0.8)
    clf = PhasedClassifier(Recorder(script), PhasedBalancedSplit(3), n_epochs=2)
    clf.fit(X[50:], y[50:], X_val=X[:50], y_val=y[:50])
    assert clf.history_ == {
        "phase": [1, 1, 2, 2, 3, 3],
        "epoch": [1, 2, 3, 4, 5, 6],
        "valid_accuracy": list(script),
    }
    assert clf.best_epoch_ == 4  # the first of two equals
    assert len(clf.estimator_.calls_) == 4
    np.testing.assert_array_equal(clf.estimator_.scored_[0], X[:50])
    clf.fit(X, y)
    assert not hasattr(clf, "history_")
    assert not hasattr(clf, "best_epoch_")


def test_best_epoch_of_a_real_classifier(imbalanced_rows):
    X, y = imbalanced_rows
    clf = PhasedClassifier(
        SGDClassifier(), n_epochs=4, validation_fraction=0.25, random_state=3
    ).fit(X, y)
    held_out = np.setdiff1d(np.arange(len(y)), np.concatenate(clf.phases_))
    accuracy = clf.score(X[held_out], y[held_out])
    scores = clf.history_["valid_accuracy"]
    assert accuracy == max(scores) == scores[clf.best_epoch_ - 1]
    assert len(set(scores)) > 1


def held_out_rows(clf, n):
    return np.setdiff1d(np.arange(n), np.concatenate(clf.phases_))


def test_validated_rows_are_in_no_phase(imbalanced_rows):
    X, y = imbalanced_rows
    clf = PhasedClassifier(
        Recorder([0.5] * 100), validation_fraction=0.2, random_state=0
    ).fit(X, y)
    X_val, y_val = clf.estimator_.scored_
    valid = held_out_rows(clf, len(y))
    np.testing.assert_array_equal(X_val, X[valid])
    np.testing.assert_array_equal(y_val, y[valid])
    assert len(valid) == 80
    # Stratified: within one row of a fifth of every class.
    assert np.abs(np.bincount(y[valid]) - np.bincount(y) / 5).max() <= 1
    trained = {row.tobytes() for call in clf.estimator_.calls_ for row in call[0]}
    assert not trained & {row.tobytes() for row in X_val}


def test_rows_of_one_patient_stay_together(imbalanced_rows):
    X, y = imbalanced_rows
    patients = np.arange(len(y)) // 4
    clf = PhasedClassifier(
        Recorder([0.5] * 100), validation_fraction=0.2, random_state=0
    ).fit(X, y, groups=patients)
    valid = held_out_rows(clf, len(y))
    trained = np.concatenate(clf.phases_)
    assert not set(patients[valid]) & set(patients[trained])
    assert len(valid) > 40


@pytest.mark.parametrize("kind", ["rows", "images", "paths", "copies"])
def test_rows_with_the_same_content_stay_together(kind):
    n = 40
    original = np.tile(np.arange(n), 3)  # each three times
    if kind in ("rows", "images"):
        shape = (n, 3) if kind == "rows" else (n, 4, 4)
        X = np.random.default_rng(0).random(shape)[original]
    elif kind == "paths":
        X = np.array([[f"scan{k}.png"] for k in original])
    else:
        X = np.empty((3 * n, 1), dtype=object)
        for row, k in enumerate(original):
            path = f"scan{k}.png"
            copy = AugmentedPath(path, Augmentation(), 0, row // n)
            X[row, 0] = path if row < n else copy
    y = (original < 10).astype(int)
    clf = PhasedClassifier(
        Recorder([0.5] * 100), validation_fraction=0.2, random_state=0
    ).fit(X, y)
    valid = held_out_rows(clf, len(y))
    trained = np.concatenate(clf.phases_)
    assert len(valid) == 3 * 8
    assert not set(original[valid]) & set(original[trained])


def test_marked_rows_are_in_every_phase_but_not_when_held_out(imbalanced_rows):
    X, y = imbalanced_rows
    mask = np.zeros(len(y), dtype=bool)
    mask[np.flatnonzero(y == 1)[:30]] = True
    clf = PhasedClassifier(Recorder([0.5] * 100), random_state=0)
    clf.fit(X, y, shared_rows=mask)
    assert all(mask[phase].sum() == 30 for phase in clf.phases_)
    clf.set_params(validation_fraction=0.3).fit(X, y, shared_rows=mask)
    valid = held_out_rows(clf, len(y))
    n_left = 30 - mask[valid].sum()
    assert 0 < n_left < 30
    assert all(mask[phase].sum() == n_left for phase in clf.phases_)


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X,
        lambda X: X.reshape(-1, 3, 4),
        lambda X: X.reshape(-1, 3, 2, 2),
        lambda X: list(X),
        lambda X: pd.DataFrame(X),
        lambda X: [Path(f"scan{k}.png") for k in range(len(X))],
        lambda X: np.array([[f"scan{k}.png"] for k in range(len(X))], dtype=object),
        lambda X: pd.DataFrame({"path": [f"scan{k}.png" for k in range(len(X))]}),
    ],
)
def test_forms_of_x_reach_the_classifier_as_they_are(imbalanced_rows, form):
    X, y = imbalanced_rows
    X = form(X)
    clf = PhasedClassifier(
        Recorder([0.5] * 100),
        PhasedBalancedSplit(2),
        validation_fraction=0.1,
        random_state=0,
    ).fit(X, y)
    taken = clf.estimator_.calls_[0][0]
    assert type(taken) is type(X)
    first = clf.phases_[0]
    if hasattr(X, "iloc"):
        pd.testing.assert_frame_equal(taken, X.iloc[first])
    else:
        np.testing.assert_array_equal(taken, [X[row] for row in first])


def test_one_random_state_decides_everything(imbalanced_rows):
    X, y = imbalanced_rows

    def coefficients(seed):
        clf = PhasedClassifier(
            SGDClassifier(), validation_fraction=0.2, random_state=seed
        )
        return clf.fit(X, y).estimator_.coef_

    before = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(coefficients(0), coefficients(0))
    assert (coefficients(0) != coefficients(1)).any()
    np.testing.assert_equal(np.random.get_state(), before)  # noqa: NPY002


def test_random_states_that_were_set_are_kept(imbalanced_rows):
    X, y = imbalanced_rows
    split = PhasedBalancedSplit(4, random_state=5)
    clf = PhasedClassifier(Recorder(random_state=6), split, random_state=7).fit(X, y)
    assert clf.estimator_.random_state == 6
    np.testing.assert_equal(clf.phases_, list(split.split(X, y)))
    seeds = [
        # A generator, which goes on drawing: an int would give each call of
        # partial_fit the same numbers.
        PhasedClassifier(Recorder(), random_state=seed)
        .fit(X, y)
        .estimator_.random_state.randint(2**31 - 1)
        for seed in (7, 7, None, None)
    ]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3  # a fresh one for None, not the global generator


def test_phases_go_to_a_fit_that_takes_them(imbalanced_rows):
    X, y = imbalanced_rows
    split = PhasedBalancedSplit(4, random_state=0)
    clf = PhasedClassifier(PhaseTaker(tracks=True), split).fit(X, y)
    got = clf.estimator_.got_
    assert got["X"] is X
    np.testing.assert_array_equal(got["y"], y)
    np.testing.assert_equal(got["phases"], list(split.split(X, y)))
    assert got["X_val"] is None
    assert got["restart"] is False
    assert clf.history_ == {"epoch": [1, 2], "train_loss": [0.7, 0.6]}
    assert clf.best_epoch_ == 2
    clf.set_params(estimator__tracks=False, schedule="restart").fit(X, y)
    assert clf.estimator_.got_["restart"] is True
    assert not hasattr(clf, "history_")


def test_a_fit_that_takes_phases_gets_no_row_that_it_does_not_train_on(
    imbalanced_rows,
):
    X, y = imbalanced_rows
    split = PhasedBalancedSplit(4, per_phase={1: 30, 2: 20}, random_state=0)
    clf = PhasedClassifier(
        PhaseTaker(), split, validation_fraction=0.2, random_state=0
    ).fit(X, y)
    got = clf.estimator_.got_
    for inside, phase in zip(got["phases"], clf.phases_, strict=True):
        np.testing.assert_array_equal(got["X"][inside], X[phase])
        np.testing.assert_array_equal(got["y"][inside], y[phase])
    assert len(got["X"]) == clf.plan_.n_used < 320
    assert len(got["X_val"]) == len(got["y_val"]) == 80
    rows = {row.tobytes() for row in got["X"]}
    assert not rows & {row.tobytes() for row in got["X_val"]}


def test_a_given_validation_set_goes_to_a_fit_that_takes_phases(imbalanced_rows):
    X, y = imbalanced_rows
    clf = PhasedClassifier(PhaseTaker())
    clf.fit(X[50:], y[50:], X_val=X[:50], y_val=y[:50])
    np.testing.assert_array_equal(clf.estimator_.got_["X_val"], X[:50])
    np.testing.assert_array_equal(clf.estimator_.got_["y_val"], y[:50])


def phased_sgd(**parameters):
    return PhasedClassifier(
        SGDClassifier(), PhasedBalancedSplit(3), random_state=0, **parameters
    )


def test_grid_search_with_workers(imbalanced_rows):
    X, y = imbalanced_rows
    space = {"split__n_phases": [2, 6], "estimator__alpha": [1e-4, 1e-1]}
    alone, together = (
        GridSearchCV(phased_sgd(), space, cv=2, n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 2)
    )
    scores = alone.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together.cv_results_["mean_test_score"], scores)
    assert len(set(scores)) > 1
    np.testing.assert_array_equal(
        together.best_estimator_.estimator_.coef_,
        alone.best_estimator_.estimator_.coef_,
    )


@pytest.mark.parametrize("routing", [False, True])
def test_marked_rows_are_cut_into_folds(imbalanced_rows, routing):
    X, y = imbalanced_rows
    mask = np.zeros(len(y), dtype=bool)
    mask[np.flatnonzero(y == 1)[::7]] = True
    clf = phased_sgd()
    with sklearn.config_context(enable_metadata_routing=routing):
        if routing:
            clf.set_fit_request(shared_rows=True)
        found = cross_validate(
            clf,
            X,
            y,
            params={"shared_rows": mask},
            cv=StratifiedKFold(3),
            return_estimator=True,
            return_indices=True,
        )
    for fitted, train in zip(
        found["estimator"], found["indices"]["train"], strict=True
    ):
        n_marked = mask[train].sum()
        assert n_marked > 10
        for phase in fitted.phases_:
            assert mask[train[phase]].sum() == n_marked


def test_in_a_pipeline_after_a_sampler(imbalanced_rows):
    X, y = imbalanced_rows
    sampler = RandomUnderSampler(sampling_strategy={1: 60}, random_state=0)
    pipeline = make_pipeline(StandardScaler(), sampler, phased_sgd(n_epochs=2))
    found = cross_validate(pipeline, X, y, return_estimator=True, cv=3)
    for fitted in found["estimator"]:
        assert fitted[-1].plan_.n_rows[1] == 60
    assert (found["test_score"] > 1 / 3).all()


def test_paths_through_a_sampler():
    X = np.array([[f"scan{k}.png"] for k in range(60)], dtype=object)
    y = np.repeat(["covid", "normal"], [10, 50])
    pipeline = make_pipeline(
        RandomUnderSampler(sampling_strategy={"normal": 40}, random_state=0),
        PhasedClassifier(Recorder(), random_state=0),
    ).fit(X, y)
    assert pipeline[-1].plan_.n_phases == 4
    assert all(len(call[0]) == 20 for call in pipeline[-1].estimator_.calls_)


def test_class_that_a_fold_lacks():
    X, y = np.zeros((30, 2)), np.repeat(["covid", "normal", "pneumonia"], 10)
    clf = PhasedClassifier(Recorder(), PhasedBalancedSplit(per_phase={"pneumonia": 2}))
    with pytest.raises(
        ValueError, match=r"\['pneumonia'\], and y has .* every training"
    ):
        clf.fit(X[:20], y[:20])


@pytest.mark.parametrize(
    ("estimator", "parameters", "error", "message"),
    [
        (LogisticRegression(), {}, TypeError, "need a classifier with partial_fit"),
        (SGDRegressor(), {}, TypeError, "must be a classifier, got SGDRegressor"),
        ("sgd", {}, ValueError, "'estimator' parameter of PhasedClassifier must be"),
        (Recorder(), {"schedule": "restart"}, ValueError, "is trained by partial_fit"),
        (Recorder(), {"schedule": "anew"}, ValueError, "'schedule' parameter of"),
        (Recorder(), {"n_epochs": 0}, ValueError, "'n_epochs' parameter of"),
        (Recorder(), {"split": 8}, ValueError, "'split' parameter of"),
        (Recorder(), {"validation_fraction": 1.0}, ValueError, "'validation_fraction'"),
        (PhaseTaker(), {"n_epochs": 2}, ValueError, "such as max_epochs"),
        (PhaseTaker(0.1), {}, ValueError, "Set it to None, and set validation_fr"),
        (OldPhaseTaker(), {"schedule": "restart"}, TypeError, "take restart_schedule"),
        (OldPhaseTaker(), {"validation_fraction": 0.1}, TypeError, "take X_val"),
    ],
)
def test_settings_that_do_not_fit(
    imbalanced_rows, estimator, parameters, error, message
):
    with pytest.raises(error, match=message):
        PhasedClassifier(estimator, **parameters).fit(*imbalanced_rows)


def test_pipeline_inside_is_told_to_go_outside(imbalanced_rows):
    inside = make_pipeline(StandardScaler(), SGDClassifier())
    with pytest.raises(TypeError, match="put PhasedClassifier around that step"):
        PhasedClassifier(inside).fit(*imbalanced_rows)


@pytest.mark.parametrize(
    ("parameters", "options", "message"),
    [
        ({}, {"X_val": [[0]]}, "given together or not at all"),
        ({}, {"y_val": [0]}, "given together or not at all"),
        ({}, {"X_val": [[0]], "y_val": [7]}, r"y_val has labels .*: \[7\]"),
        ({}, {"X_val": [[0]], "y_val": [0, 1]}, "inconsistent numbers of samples"),
        (
            {"validation_fraction": 0.2},
            {"X_val": [[0]], "y_val": [0]},
            "Both validation",
        ),
        ({"validation_fraction": 0.001}, {}, "Use a larger fraction"),
        (
            {"validation_fraction": 0.2},
            {"groups": [1, 2]},
            "groups has 2 values, but X has 400",
        ),
        ({}, {"shared_rows": [3, 4]}, "must be a mask of bool"),
        ({}, {"shared_rows": [True, False]}, "mask of 2 rows, and y has 400"),
    ],
)
def test_data_that_do_not_fit(imbalanced_rows, parameters, options, message):
    clf = PhasedClassifier(Recorder([0.5] * 100), random_state=0, **parameters)
    with pytest.raises(ValueError, match=message):
        clf.fit(*imbalanced_rows, **options)


def test_class_that_is_held_out_whole():
    # The patient of class 1's rows is counted as one of class 0, by their first row.
    y = np.array([0] * 20 + [1, 1])
    groups = [*range(20), 0, 0]
    X = np.arange(22.0)[:, None]
    outcomes = set()
    for seed in range(20):
        clf = PhasedClassifier(
            Recorder([0.5] * 100), validation_fraction=0.3, random_state=seed
        )
        try:
            outcomes.add(clf.fit(X, y, groups=groups).plan_.n_rows[1])
        except ValueError as error:
            outcomes.add(str(error).partition(",")[0])
    assert outcomes == {
        2,
        "validation_fraction=0.3 holds out all rows of the classes [1]",
    }


def test_failed_fit_leaves_what_was_fitted(imbalanced_rows):
    X, y = imbalanced_rows
    clf = phased_sgd().fit(X, y)
    before = clf.estimator_
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(np.full_like(X, np.nan), y)
    assert clf.estimator_ is before


def test_sample_weight_is_refused(imbalanced_rows):
    X, y = imbalanced_rows
    with pytest.raises(TypeError, match="sample_weight"):
        phased_sgd().fit(X, y, sample_weight=np.ones(len(y)))
