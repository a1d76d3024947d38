"""Out-of-fold predictions, against scikit-learn and plain loops."""

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GroupKFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cxrclf.classification import LabelMapClassifier
from cxrclf.exceptions import LabelWarning, PatientLeakWarning
from cxrclf.metrics import cross_val_predictions, map_labels, scorers

NAMES = np.array(["covid", "no finding", "viral pneumonia"])


@pytest.fixture(scope="module")
def problem():
    X, y = make_classification(
        n_samples=150, n_classes=3, n_informative=4, flip_y=0.2, random_state=0
    )
    return X, NAMES[y]


def by_row(predictions, values):
    """Return values in the order of X."""
    out = np.empty_like(values)
    out[predictions.rows] = values
    return out


def test_predictions_are_those_of_scikit_learn(problem):
    X, y = problem
    groups = np.arange(150) // 3
    cv = StratifiedGroupKFold(3)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    found = cross_val_predictions(model, X, y, groups=groups, cv=cv)
    proba = cross_val_predict(model, X, y, groups=groups, cv=cv, method="predict_proba")
    assert_allclose(by_row(found, found.y_score), proba, rtol=1e-12)
    assert_array_equal(by_row(found, found.y_true), y)
    assert_array_equal(by_row(found, found.groups), groups)
    assert_array_equal(by_row(found, found.y_pred), NAMES[proba.argmax(axis=1)])
    for fold, (_, test) in enumerate(cv.split(X, y, groups)):
        assert_array_equal(found.rows[found.fold == fold], test)


def test_fold_tables_are_those_of_the_scorers(problem):
    X, y = problem
    scores = cross_validate(GaussianNB(), X, y, cv=4, scoring=scorers())
    tables = cross_val_predictions(GaussianNB(), X, y, cv=4).fold_tables()
    for name in ("auc", "f1", "sensitivity"):
        for label in NAMES:
            assert_allclose(
                [table[label, name] for table in tables],
                scores[f"test_{name}_{label}"],
                rtol=1e-12,
            )


def test_repeated_splits_keep_all_predictions(problem):
    X, y = problem
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = cross_val_predictions(GaussianNB(), X, y, cv=cv)
    assert np.bincount(found.rows).tolist() == [2] * 150
    assert found.units is found.rows
    assert np.unique(found.fold).tolist() == list(range(6))


def test_predictions_are_in_the_order_of_the_data(problem):
    X, y = problem
    shuffled = StratifiedKFold(3, shuffle=True, random_state=0)
    found = cross_val_predictions(GaussianNB(), X, y, cv=shuffled)
    assert_array_equal(found.rows, np.arange(150))
    assert_array_equal(found.y_true, y)
    proba = cross_val_predict(GaussianNB(), X, y, cv=shuffled, method="predict_proba")
    assert_allclose(found.y_score, proba, rtol=1e-12)
    repeated = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = cross_val_predictions(GaussianNB(), X, y, cv=repeated)
    assert_array_equal(found.rows, np.repeat(np.arange(150), 2))
    # Folds 0 to 2 are the first repetition.
    assert_array_equal(found.fold // 3, np.tile([0, 1], 150))


def test_splits_that_leave_rows_out_and_masks(problem):
    X, y = problem
    train, test = np.arange(150) < 100, np.arange(150) >= 120
    found = cross_val_predictions(GaussianNB(), X, y, cv=[(train, test)])
    model = GaussianNB().fit(X[:100], y[:100])
    assert_allclose(found.y_score, model.predict_proba(X[120:]), rtol=1e-12)
    assert found.rows.tolist() == list(range(120, 150))


def test_a_class_that_a_training_fold_lacks_has_probability_0(problem):
    X, y = problem
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    in_second = np.where(y == "covid", 1, np.arange(150) % 2)
    with pytest.warns(LabelWarning, match="covid") as caught:
        found = cross_val_predictions(GaussianNB(), X, y, cv=PredefinedSplit(in_second))
    assert len(caught) == 1
    # The fold that holds all covid images is predicted without any.
    in_fold = found.fold == 1
    assert found.y_score.shape == (150, 3)
    assert (found.y_score[in_fold, 0] == 0).all()
    assert (found.y_score[~in_fold, 0] > 0).all()
    model = GaussianNB().fit(X[in_second == 0], y[in_second == 0])
    rest = model.predict_proba(X[in_second == 1])
    assert_allclose(found.y_score[in_fold, 1:], rest, rtol=1e-12)


def test_a_classifier_without_probabilities(problem):
    X, y = problem
    found = cross_val_predictions(RidgeClassifier(), X, y, cv=3)
    assert found.y_score is None
    expected = cross_val_predict(RidgeClassifier(), X, y, cv=3)
    assert_array_equal(by_row(found, found.y_pred), expected)


def test_thresholds_of_predict(problem):
    X, y = problem
    y = np.where(y == "covid", 1, 0)
    model = FixedThresholdClassifier(GaussianNB(), threshold=0.9)
    found = cross_val_predictions(model, X, y, cv=3)
    assert_array_equal(
        by_row(found, found.y_pred), cross_val_predict(model, X, y, cv=3)
    )


def test_a_label_scheme(problem):
    X, y = problem
    scheme = {"label_map": {"covid": "covid"}, "rest": "other"}
    found = cross_val_predictions(
        LabelMapClassifier(GaussianNB(), **scheme), X, y, cv=3
    )
    assert found.classes.tolist() == ["covid", "other"]
    in_two = map_labels(y, **scheme)
    assert_array_equal(found.y_true, in_two[found.rows])
    splits = list(StratifiedKFold(3).split(X, y))  # stratified by all labels
    proba = cross_val_predict(
        GaussianNB(), X, in_two, cv=splits, method="predict_proba"
    )
    assert_allclose(by_row(found, found.y_score), proba, rtol=1e-12)


def test_folds_at_the_same_time(problem):
    X, y = problem
    one = cross_val_predictions(GaussianNB(), X, y, cv=3)
    with parallel_config(backend="threading"):  # processes take seconds to start
        two = cross_val_predictions(GaussianNB(), X, y, cv=3, n_jobs=2)
    assert_allclose(one.y_score, two.y_score, rtol=1e-12)
    assert_array_equal(one.rows, two.rows)


def test_x_in_other_forms(problem):
    X, y = problem
    pandas = pytest.importorskip("pandas")
    expected = cross_val_predictions(GaussianNB(), X, y, cv=3).y_score
    frame = pandas.DataFrame(X).add_prefix("x")
    for other in (frame, X.tolist()):
        found = cross_val_predictions(GaussianNB(), other, y.tolist(), cv=3)
        assert_allclose(found.y_score, expected, rtol=1e-12)
    kernel = SVC(kernel="precomputed")
    found = cross_val_predictions(kernel, X @ X.T, y, cv=3)
    plain = cross_val_predict(kernel, X @ X.T, y, cv=3)
    assert_array_equal(by_row(found, found.y_pred), plain)


class NeedsPatients(ClassifierMixin, BaseEstimator):
    """Predicts the class of the first training sample, and checks its patients."""

    def fit(self, X, y, groups=None, sample_weight=None):
        assert groups is not None
        assert len(groups) == len(X)
        assert (groups == X[:, 0]).all()
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.fixture
def patients():
    groups = np.arange(30) // 2
    return groups[:, None].astype(float), np.arange(30) % 2, groups


def test_params_are_split(patients):
    X, y, groups = patients
    found = cross_val_predictions(
        NeedsPatients(),
        X,
        y,
        cv=GroupKFold(3),
        groups=groups,
        params={"groups": groups},
    )
    assert_array_equal(found.groups, groups[found.rows])


def check_patients_in_one_fold(found, n_folds):
    pairs = set(zip(found.groups.tolist(), found.fold.tolist(), strict=True))
    assert len(pairs) == found.n_patients
    assert len(np.unique(found.fold)) == n_folds


@pytest.mark.parametrize(("cv", "n_folds"), [(None, 5), (3, 3), (np.int64(2), 2)])
def test_numbers_of_folds_keep_patients_together(patients, cv, n_folds):
    X, y, groups = patients
    found = cross_val_predictions(GaussianNB(), X, y, cv=cv, groups=groups)
    check_patients_in_one_fold(found, n_folds)


def test_patients_in_training_and_test(patients):
    X, y, groups = patients
    # Each patient has two neighboring rows. Patient 7 has rows 14 and 15.
    rows = np.arange(30)
    splits = [(rows[:15], rows[15:]), (rows[15:], rows[:15]), (rows[4:], rows[:4])]
    message = r"1 patients are in the training .* \(in 2 of 3 folds\).*StratifiedGroup"
    with pytest.warns(PatientLeakWarning, match=message):
        cross_val_predictions(GaussianNB(), X, y, cv=splits, groups=groups)
    splits = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))
    leaked = set()
    for train, test in splits:
        leaked |= {groups[row] for row in test if groups[row] in groups[train]}
    with pytest.warns(PatientLeakWarning, match=f"^{len(leaked)} patients are in"):
        cross_val_predictions(GaussianNB(), X, y, cv=splits, groups=groups)


def test_metadata_routing(patients):
    X, y, groups = patients
    with config_context(enable_metadata_routing=True):
        model = NeedsPatients().set_fit_request(groups=True)
        found = cross_val_predictions(model, X, y, cv=GroupKFold(3), groups=groups)
        assert_array_equal(found.groups, groups[found.rows])
        # No one requests groups here; the predictions have them.
        found = cross_val_predictions(GaussianNB(), X, y, groups=groups)
        assert_array_equal(found.groups, groups[found.rows])
        check_patients_in_one_fold(found, 5)
        with pytest.raises(TypeError, match="twice"):
            cross_val_predictions(
                model, X, y, cv=3, groups=groups, params={"groups": groups}
            )


def test_a_line_per_fold(problem, capsys):
    X, y = problem
    cross_val_predictions(GaussianNB(), X, y, cv=3, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "Fold 1 of 3", "Fold 2 of 3", "Fold 3 of 3",
    ]  # fmt: skip
    assert "50 test samples, accuracy 0." in lines[0]
    cross_val_predictions(GaussianNB(), X, y, cv=3)
    assert capsys.readouterr().out == ""


def test_what_cannot_be_predicted(problem):
    X, y = problem
    with pytest.raises(ValueError, match="missing label"):
        cross_val_predictions(GaussianNB(), X, [None, *y[1:]])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        cross_val_predictions(GaussianNB(), X, y[:9])
    with pytest.raises(ValueError, match="one group per sample"):
        cross_val_predictions(GaussianNB(), X, y, groups=[1, 2])
    with pytest.raises(ValueError, match="no test samples"):
        cross_val_predictions(GaussianNB(), X, y, cv=[(np.arange(9), [])])
    with pytest.raises(ValueError, match="no splits"):
        cross_val_predictions(GaussianNB(), X, y, cv=[])
    with pytest.raises(TypeError, match="must be a classifier"):
        cross_val_predictions(Ridge(), X, y)
