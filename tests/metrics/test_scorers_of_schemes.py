import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.classification import LabelMapClassifier
from cxrclf.exceptions import LabelWarning
from cxrclf.metrics import (
    classification_table,
    map_labels,
    original_class_table,
    proportion_interval,
    scorers,
)

LABELS = np.array(["covid", "normal", "pneumonia", "tuberculosis"])
TWO = {"label_map": {"covid": "covid"}, "rest": "other"}
# The merged class bears the name of one of its labels.
THREE = {
    "label_map": {
        "covid": "covid",
        "normal": "normal",
        "pneumonia": "pneumonia",
        "tuberculosis": "pneumonia",
    }
}


@pytest.fixture(scope="module")
def four_classes():
    X, y = make_classification(
        n_samples=240, n_classes=4, n_informative=5, flip_y=0.2, random_state=0
    )
    return X, LABELS[y]


def expected_in(scheme, y, y_pred, y_score):
    table = classification_table(map_labels(y, **scheme), y_pred, y_score)
    by_label = original_class_table(y, y_pred, **scheme)
    scores = dict(table.overall)
    for column in table.columns[:-1]:
        for row in table.rows:
            name = "macro_" + column if row == "macro average" else f"{column}_{row}"
            scores[name] = table[row, column]
    for label in by_label.rows:
        name = f"original_sensitivity_{label}"
        scores[name] = by_label[label, "sensitivity"]
    return scores


@pytest.mark.parametrize("scheme", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda clf: clf,
        lambda clf: make_pipeline(StandardScaler(), clf),
        lambda clf: GridSearchCV(make_pipeline(StandardScaler(), clf), {}, cv=2),
    ],
    ids=["alone", "in a pipeline", "in a search"],
)
def test_scores_are_those_of_the_tables(four_classes, scheme, wrap):
    X, y = four_classes
    model = wrap(LabelMapClassifier(GaussianNB(), **scheme)).fit(X[:120], y[:120])
    expected = expected_in(
        scheme, y[120:], model.predict(X[120:]), model.predict_proba(X[120:])
    )
    assert scorers()(model, X[120:], y[120:]) == pytest.approx(expected)
    # Named again, the scheme is the same.
    named = scorers(**scheme)(model, X[120:], y[120:])
    assert named == pytest.approx(expected)


def test_cross_validate_against_mapping_by_hand(four_classes):
    X, y = four_classes
    clf = LabelMapClassifier(LinearDiscriminantAnalysis(), **THREE)
    scores = cross_validate(clf, X, y, cv=3, scoring=scorers(), error_score="raise")
    in_three = map_labels(y, **THREE)
    # The folds are stratified by the four labels.
    for fold, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        plain = LinearDiscriminantAnalysis().fit(X[train], in_three[train])
        expected = expected_in(
            THREE, y[test], plain.predict(X[test]), plain.predict_proba(X[test])
        )
        assert {
            name: scores[f"test_{name}"][fold] for name in expected
        } == pytest.approx(expected)


def test_four_classes_scored_as_two(four_classes):
    X, y = four_classes
    model = GaussianNB().fit(X[:120], y[:120])
    scores = scorers(**TWO)(model, X[120:], y[120:])
    proba = model.predict_proba(X[120:])
    expected = expected_in(
        TWO,
        y[120:],
        map_labels(model.predict(X[120:]), **TWO),
        np.column_stack([proba[:, 0], proba[:, 1:].sum(axis=1)]),
    )
    assert scores == pytest.approx(expected)
    auc = roc_auc_score(y[120:] == "covid", proba[:, 0])
    assert scores["auc_covid"] == pytest.approx(auc)


def test_order_of_classes_does_not_follow_that_of_the_labels(four_classes):
    X, y = four_classes
    scheme = {"label_map": dict(zip(LABELS, [2, 1, 1, 0], strict=True))}
    model = GaussianNB().fit(X, y)
    proba = model.predict_proba(X)
    scores = scorers(labels=[1, 2, 0], **scheme)(model, X, y)
    assert scores == pytest.approx(
        expected_in(
            scheme,
            y,
            map_labels(model.predict(X), **scheme),
            np.column_stack([proba[:, 3], proba[:, 1] + proba[:, 2], proba[:, 0]]),
        )
    )


def test_grid_over_schemes_answers_one_question(four_classes):
    X, y = four_classes
    grid = GridSearchCV(
        LabelMapClassifier(LinearDiscriminantAnalysis(), None, rest="other"),
        {"label_map": [None, TWO["label_map"], THREE["label_map"]]},
        scoring=scorers(**TWO),
        refit="auc_covid",
        cv=3,
        error_score="raise",
    ).fit(X, y)
    for i, scheme in enumerate([{"label_map": None}, TWO, THREE]):
        alone = cross_validate(
            LabelMapClassifier(LinearDiscriminantAnalysis(), **scheme),
            X, y, cv=3, scoring=scorers(**TWO), error_score="raise",
        )  # fmt: skip
        for key in ("auc_covid", "f1_covid", "original_sensitivity_tuberculosis"):
            assert_allclose(
                grid.cv_results_[f"mean_test_{key}"][i], alone[f"test_{key}"].mean()
            )
    assert len(set(grid.cv_results_["mean_test_auc_covid"])) == 3


def test_scheme_that_splits_a_class_of_the_estimator(four_classes):
    X, y = four_classes
    model = LabelMapClassifier(GaussianNB(), **TWO).fit(X, y)
    with pytest.raises(ValueError, match="does not tell the labels .*'normal', 'pneu"):
        scorers(**THREE)(model, X, y)


def test_label_missing_from_a_training_fold(four_classes):
    X, y = four_classes
    seen = y != "tuberculosis"
    model = LabelMapClassifier(GaussianNB(), **TWO).fit(X[seen], y[seen])
    with pytest.warns(LabelWarning, match=r"hold \['tuberculosis'\].*StratifiedKFold"):
        scores = scorers()(model, X, y)
    expected = expected_in(TWO, y, model.predict(X), model.predict_proba(X))
    assert scores == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"\['other'\], .*List all labels"):
        scorers()(model, X, np.where(seen, y, "other"))
    in_full = dict.fromkeys(LABELS[1:], "other") | {"covid": "covid"}
    model = LabelMapClassifier(GaussianNB(), in_full).fit(X[seen], y[seen])
    expected = expected_in(TWO, y, model.predict(X), model.predict_proba(X))
    assert scorers()(model, X, y) == pytest.approx(expected)
    # A plain estimator that never saw the label can be scored in the scheme, too.
    plain = scorers(label_map=in_full)(GaussianNB().fit(X[seen], y[seen]), X, y)
    assert plain.keys() == expected.keys()


def test_label_missing_from_a_test_fold(four_classes):
    X, y = four_classes
    model = LabelMapClassifier(GaussianNB(), **TWO).fit(X, y)
    scores = scorers()(model, X[y != "tuberculosis"], y[y != "tuberculosis"])
    assert np.isnan(scores["original_sensitivity_tuberculosis"])
    assert np.isfinite(scores["original_sensitivity_normal"])


def test_without_probabilities(four_classes):
    X, y = four_classes
    model = LabelMapClassifier(RidgeClassifier(), **TWO).fit(X, y)
    scores = scorers()(model, X, y)
    expected = expected_in(TWO, y, model.predict(X), None)
    assert scores == pytest.approx(expected)


def test_threshold_within_the_scheme_is_respected(four_classes):
    X, y = four_classes
    low = FixedThresholdClassifier(GaussianNB(), threshold=0.05, pos_label="covid")
    model = LabelMapClassifier(low, **TWO).fit(X, y)
    scores = scorers()(model, X, y)
    table = classification_table(map_labels(y, **TWO), model.predict(X))
    most_probable = model.classes_[model.predict_proba(X).argmax(axis=1)]
    assert (most_probable != model.predict(X)).any()
    assert scores["sensitivity_covid"] == table["covid", "sensitivity"]


def test_unsuitable_map_is_found_at_once():
    with pytest.raises(TypeError, match="must be a dict"):
        scorers(label_map=["covid"])
    with pytest.raises(ValueError, match="classes of label_map and rest"):
        scorers(label_map={"covid": "covid"}, rest=0)


def test_pickle_of_scheme(four_classes):
    X, y = four_classes
    scoring = pickle.loads(pickle.dumps(scorers(**TWO)))
    model = GaussianNB().fit(X, y)
    assert scoring(model, X, y) == scorers(**TWO)(model, X, y)


def test_intervals_of_the_original_labels(four_classes):
    X, y = four_classes
    model = LabelMapClassifier(GaussianNB(), **THREE).fit(X[:120], y[:120])
    scores = scorers(intervals=True)(model, X[120:], y[120:])
    of_label = y[120:] == "tuberculosis"
    right = model.predict(X[120:])[of_label] == "pneumonia"
    expected = proportion_interval(right)
    for side, bound in expected._asdict().items():
        suffix = "" if side == "value" else f"_{side}"
        name = f"original_sensitivity_tuberculosis{suffix}"
        assert scores[name] == pytest.approx(bound)
