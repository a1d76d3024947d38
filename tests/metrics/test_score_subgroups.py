"""Scores of subgroups, against tables of the parts."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.exceptions import SmallSubgroupWarning
from cxrclf.metrics import (
    classification_table,
    holm,
    roc_auc_interval,
    subgroup_table,
)

N = 400
NAMES = np.array(["covid", "normal"])


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, N)
    groups = np.arange(N) // 2
    sex = np.repeat(rng.choice(["F", "M"], N // 2), 2)
    view = rng.choice(["AP", "PA"], N)  # both views of many patients
    score = rng.normal(size=N) + codes * np.where(sex == "M", 3, 1)
    pred = NAMES[(score > 1).astype(int)]
    return NAMES[codes], pred, score, {"sex": sex, "view": view}, groups


def test_each_subgroup_has_the_table_of_its_samples(study):
    y_true, y_pred, score, by, groups = study
    scores = ["sensitivity_covid", "auc_normal", "macro_f1", "accuracy"]
    table = subgroup_table(y_true, y_pred, score, by=by, groups=groups, scores=scores)
    assert table.rows == (
        ("", "all"), ("sex", "F"), ("sex", "M"), ("view", "AP"), ("view", "PA"),
    )  # fmt: skip
    frame = table.to_frame()
    for row, (column, subgroup) in enumerate(table.rows):
        rows = by[column] == subgroup if column else np.ones(N, bool)
        part = classification_table(
            y_true[rows], y_pred[rows], score[rows], intervals=True, groups=groups[rows]
        )
        expected = {
            "sensitivity_covid": part.interval("covid", "sensitivity"),
            "auc_normal": part.interval("normal", "auc"),
            "macro_f1": part.interval("macro average", "f1"),
            "accuracy": part.overall_intervals["accuracy"],
        }
        for name in scores:
            found = table.interval(column, subgroup, name)
            assert_allclose(found, expected[name], rtol=1e-10)
        assert frame.loc[row, "images"] == rows.sum()
        assert frame.loc[row, "patients"] == len(np.unique(groups[rows]))
        assert frame.loc[row, "images_covid"] == (y_true[rows] == "covid").sum()


def test_the_planted_gap_is_found_and_no_other(study):
    y_true, y_pred, score, by, groups = study
    table = subgroup_table(y_true, y_pred, score, by=by, groups=groups)
    assert table.scores == ("sensitivity_covid", "sensitivity_normal", "auc_normal")
    gap = table.gaps["sex", "auc_normal"]
    assert (gap.highest, gap.lowest) == ("M", "F")
    # Different patients: the half widths add as squares.
    ends = {
        value: roc_auc_interval(
            y_true[by["sex"] == value] == "normal",
            score[by["sex"] == value],
            groups=groups[by["sex"] == value],
        )
        for value in "FM"
    }
    men, women = ends["M"], ends["F"]
    below = np.hypot(men.value - men.low, women.high - women.value)
    assert gap.estimate.low == pytest.approx(men.value - women.value - below)
    assert gap.adjusted_p_value < 0.001
    assert table.gaps["view", "auc_normal"].adjusted_p_value > 0.05
    p = [gap.p_value for gap in table.gaps]
    assert_allclose([gap.adjusted_p_value for gap in table.gaps], holm(p))


def test_the_equal_auc_of_two_classes_is_corrected_for_once(study):
    y_true, y_pred, score, by, groups = study
    table = subgroup_table(y_true, y_pred, score, by=by, groups=groups)
    assert len(table.gaps) == 6  # 2 columns x (2 sensitivities + 1 AUC)
    largest = max(gap.adjusted_p_value / gap.p_value for gap in table.gaps)
    assert largest == pytest.approx(6)  # Holm: the smallest of 6 p-values
    both = subgroup_table(
        y_true, y_pred, score, by=by, groups=groups, scores=["auc_covid", "auc_normal"]
    )
    assert both.scores == ("auc_covid", "auc_normal")
    assert both.interval("sex", "F", "auc_covid") == pytest.approx(
        table.interval("sex", "F", "auc_normal")
    )


def test_three_classes_have_three_areas():
    rng = np.random.default_rng(0)
    y_true, sex = np.tile(["a", "b", "c"], 60), np.repeat(["F", "M"], 90)
    table = subgroup_table(
        y_true, y_true, rng.dirichlet(np.ones(3), 180), by={"sex": sex}
    )
    assert table.scores[3:] == ("auc_a", "auc_b", "auc_c")


def test_small_subgroups_are_marked_and_left_out(study):
    y_true, y_pred, score, _by, groups = study
    source = np.where(np.arange(N) < 12, "small", np.repeat(["x", "y"], N // 2))
    # 12 images of 6 patients.
    with pytest.warns(
        SmallSubgroupWarning, match="^1 subgroup has .* source = small. Its scores are"
    ) as of:
        table = subgroup_table(
            y_true, y_pred, score, by={"source": source}, groups=groups,
            scores="auc_covid",
        )  # fmt: skip
    assert of[0].filename == __file__
    line = next(text for text in str(table).splitlines() if "source = small" in text)
    assert line.endswith("]*")
    assert "*: fewer than 10 patients" in str(table)
    gap = table.gaps["source", "auc_covid"]
    assert {gap.highest, gap.lowest} == {"x", "y"}
    assert table.to_frame()["auc_covid_small"].tolist() == [False, True, False, False]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        subgroup_table(
            y_true, y_pred, score, by={"source": source}, groups=groups,
            scores="accuracy", min_patients=6,
        )  # fmt: skip


def test_no_gap_without_two_large_subgroups(study):
    y_true, y_pred, *_ = study
    table = subgroup_table(y_true, y_pred, by={"site": ["a"] * N})
    assert len(table.gaps) == 0
    assert "large enough" in str(table)


def test_a_subgroup_without_a_class(study):
    y_true, y_pred, score, *_ = study
    with pytest.warns(SmallSubgroupWarning, match="^2 subgroups have .* Their scores"):
        table = subgroup_table(
            y_true,
            y_pred,
            score,
            by={"label": y_true},
            scores=["auc_covid", "accuracy"],
        )
    assert np.isnan(table.interval("label", "covid", "auc_covid")).all()
    assert [gap.score for gap in table.gaps] == ["accuracy"]


def test_what_does_not_fit(study):
    y_true, y_pred, _score, by, _groups = study
    with pytest.raises(ValueError, match="no score 'recall'"):
        subgroup_table(y_true, y_pred, by=by, scores="recall")
    with pytest.raises(ValueError, match="scores is empty"):
        subgroup_table(y_true, y_pred, by=by, scores=[])
    with pytest.raises(ValueError, match="min_patients"):
        subgroup_table(y_true, y_pred, by=by, min_patients=0)
