"""Predictions of samples: checks, selection, folds and units."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB

from cxrclf.metrics import (
    Predictions,
    cross_val_predictions,
    roc_auc_interval,
    subgroup_table,
)

TRUE = np.array(["a", "b", "c", "a", "b", "c"])
PRED = np.array(["a", "b", "c", "b", "b", "a"])
SCORE = np.random.default_rng(0).dirichlet([1, 1, 1], 6)


@pytest.fixture
def predictions():
    return Predictions(
        TRUE, PRED, SCORE, fold=[0, 0, 0, 2, 2, 2], groups=[1, 2, 3, 1, 4, 5]
    )


def test_the_table_is_that_of_scikit_learn(predictions):
    table = predictions.table(intervals=False)
    assert table.overall["accuracy"] == accuracy_score(TRUE, PRED)
    for j, label in enumerate("abc"):
        assert table[label, "auc"] == roc_auc_score(label == TRUE, SCORE[:, j])


def test_fold_tables_have_all_classes(predictions):
    only_a = predictions.subset([0, 3])
    tables = only_a.fold_tables()
    assert [table.rows for table in tables] == [("a", "b", "c", "macro average")] * 2
    assert [table["a", "sensitivity"] for table in tables] == [1, 0]
    assert len(predictions.fold_tables()) == 2


@pytest.mark.parametrize("label", ["a", "b", np.str_("c")])
def test_one_class_against_the_rest(predictions, label):
    y_true, y_score = predictions.one_vs_rest(label)
    frame = predictions.to_frame()
    assert y_true.dtype == bool
    assert y_true.tolist() == [name == label for name in frame["y_true"]]
    assert y_score.tolist() == frame[f"score_{label}"].tolist()
    found = roc_auc_interval(y_true, y_score, groups=predictions.units)
    assert_allclose(found, predictions.table().interval(label, "auc"))


def test_classes_of_numbers_and_bool_against_the_rest():
    for y in ([0, 1], [False, True]):
        found = Predictions(y, y, [0.25, 0.75])
        y_true, y_score = found.one_vs_rest(y[0])
        assert y_true.tolist() == [True, False]
        assert y_score.tolist() == [0.75, 0.25]


def test_one_class_that_does_not_exist(predictions):
    with pytest.raises(ValueError, match=r"one of \['a', 'b', 'c'\], got 'd'"):
        predictions.one_vs_rest("d")
    with pytest.raises(ValueError, match="no y_score. Use an estimator with"):
        Predictions(TRUE, PRED).one_vs_rest("a")


def test_a_subset_has_the_rows_of_its_samples(predictions):
    chosen = predictions.subset(predictions.groups == 1)
    assert chosen.rows.tolist() == [0, 3]
    assert_array_equal(chosen.y_score, SCORE[[0, 3]])
    assert_array_equal(chosen.classes, ["a", "b", "c"])
    with pytest.raises(ValueError, match="no samples"):
        predictions.subset(np.zeros(6, bool))
    with pytest.raises(IndexError):
        predictions.subset([6])


def test_units_are_patients_or_repeated_rows(predictions):
    assert predictions.units.tolist() == [1, 2, 3, 1, 4, 5]
    assert Predictions(TRUE, PRED).units is None
    assert Predictions(TRUE, PRED, rows=[0, 1, 2, 0, 1, 2]).units.tolist() == [
        0, 1, 2, 0, 1, 2,
    ]  # fmt: skip
    assert predictions.n_patients == 5


def test_scores_of_one_class():
    both = Predictions([0, 1], [0, 1], [0.25, 0.75]).y_score
    assert_allclose(both, [[0.75, 0.25], [0.25, 0.75]])
    both = Predictions([0, 1], [0, 1], [-3.0, 2.0]).y_score
    assert_allclose(both, [[3, -3], [-2, 2]])


def test_arrays_do_not_change(predictions):
    with pytest.raises(ValueError, match="read-only"):
        predictions.y_true[0] = "b"
    mine, patients = SCORE.copy(), np.arange(6)
    found = Predictions(TRUE, PRED, mine, groups=patients)
    mine[0] = 0  # the arrays of the caller stay writable
    patients[0] = 5
    assert_array_equal(found.y_score, SCORE)
    assert found.n_patients == 6
    for copied in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        for name in ("y_true", "y_pred", "y_score", "classes", "rows", "groups"):
            assert_array_equal(getattr(copied, name), getattr(found, name))
            assert not getattr(copied, name).flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            copied.y_score[0] = 0


def test_frame(predictions):
    frame = predictions.to_frame()
    assert frame.columns.tolist() == [
        "row", "fold", "group", "y_true", "y_pred", "score_a", "score_b", "score_c",
    ]  # fmt: skip
    assert_array_equal(frame["score_c"], SCORE[:, 2])
    assert Predictions(TRUE, PRED).to_frame().shape == (6, 3)


def test_repr(predictions):
    assert repr(predictions) == (
        "<Predictions of 6 samples of 5 patients in 2 folds, 3 classes, with scores>"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": PRED[:5]}, "inconsistent numbers of samples"),
        ({"y_pred": [0] * 6}, "all str or all numbers"),
        ({"y_true": [], "y_pred": []}, "no samples"),
        ({"y_score": SCORE[:, :2]}, r"= \(6, 3\), got \(6, 2\)"),
        ({"y_score": SCORE * np.nan}, "NaN"),
        ({"classes": ["a", "b"]}, r"\['c'\], which classes lacks"),
        ({"classes": ["a", "a", "b", "c"]}, "classes must be different"),
        ({"fold": [0, 1]}, r"fold must have one number per sample, shape \(6,\)"),
        ({"fold": [0.5] * 6}, "fold must be whole numbers"),
        ({"rows": [-1] * 6}, "rows must be whole numbers"),
        ({"groups": [1, 2]}, "one group per sample"),
    ],
)
def test_arrays_that_do_not_fit(change, message):
    arrays = {"y_true": TRUE, "y_pred": PRED, **change}
    with pytest.raises(ValueError, match=message):
        Predictions(**arrays)


@pytest.fixture(scope="module")
def out_of_fold():
    """Return predictions in the order of the folds, and columns of the data."""
    rng = np.random.default_rng(0)
    y = rng.choice(["covid", "normal"], 200)
    columns = pd.DataFrame({"site": rng.choice(["a", "b"], 200)})
    # Images of site b are noise.
    shift = (y == "normal") & (columns["site"] == "a").to_numpy()
    X = rng.normal(size=(200, 1)) + 3 * shift[:, None]
    groups = np.arange(200) // 2
    found = cross_val_predictions(GaussianNB(), X, y, groups=groups, cv=4)
    return found.subset(np.argsort(found.fold, kind="stable")), columns


def test_subgroups_are_matched_by_rows(out_of_fold):
    found, columns = out_of_fold
    # Row by row, without the order of the predictions.
    right = dict(zip(found.rows.tolist(), found.y_true == found.y_pred, strict=True))
    table = found.subgroup_table(by=columns, scores="accuracy")
    for site in "ab":
        of_site = [right[row] for row in np.flatnonzero(columns["site"] == site)]
        assert table.interval("site", site, "accuracy").value == np.mean(of_site)
    assert table.gaps["site", "accuracy"].estimate.low > 0  # the sites differ
    same = subgroup_table(
        found.y_true, found.y_pred, by=columns.iloc[found.rows], scores="accuracy",
        groups=found.groups,
    )  # fmt: skip
    assert str(table) == str(same)
    part = found.subset(found.fold == 1).subgroup_table(by=columns, scores="accuracy")
    rows = found.rows[found.fold == 1]
    expected = np.mean([right[row] for row in rows if columns["site"][row] == "a"])
    assert part.interval("site", "a", "accuracy").value == expected


def test_columns_of_subgroups_that_do_not_fit(out_of_fold):
    found, columns = out_of_fold
    with pytest.raises(ValueError, match="selected twice"):
        found.subgroup_table(by=columns.iloc[found.rows])
    part = found.subset(found.fold == 1)
    with pytest.raises(ValueError, match="must have one value per row of X"):
        part.subgroup_table(by={"site": columns["site"].to_numpy()[part.rows]})


def test_repeated_rows_are_one_patient_of_a_subgroup():
    y = np.tile(["a", "b"], 20)
    found = Predictions(np.tile(y, 2), np.tile(y, 2), rows=np.tile(np.arange(40), 2))
    table = found.subgroup_table(by={"sex": np.repeat(["F", "M"], 20)})
    frame = table.to_frame()
    assert frame["images"].tolist() == [80, 40, 40]
    assert frame["patients"].tolist() == [40, 20, 20]


def test_predictions_without_folds():
    with pytest.raises(ValueError, match="no folds"):
        Predictions(TRUE, PRED).fold_tables()
