"""Table of subgroups: lookup, formats, forest plot."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.metrics import subgroup_table

N = 400
NAMES = np.array(["covid", "normal"])


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, N)
    score = rng.normal(size=N) + codes
    pred = NAMES[(score > 1).astype(int)]
    by = {"sex": np.repeat(["F", "M"], N // 2)}
    return NAMES[codes], pred, score, by, np.arange(N) // 2


def test_lookup(study):
    y_true, y_pred, _, by, groups = study
    table = subgroup_table(y_true, y_pred, by=by, groups=groups)
    women = by["sex"] == "F"
    found = table.interval("sex", "F", "sensitivity_covid")
    of_class = women & (y_true == "covid")
    assert found.value == pytest.approx((y_pred[of_class] == "covid").mean())
    with pytest.raises(KeyError, match="No subgroup"):
        table.interval("sex", "D", "sensitivity_covid")
    with pytest.raises(KeyError, match="No score"):
        table.interval("sex", "F", "auc_covid")
    with pytest.raises(KeyError, match="No score"):
        table.plot("auc_covid")


def test_lookup_by_value(study):
    y_true, y_pred, *_ = study
    right = y_true == y_pred
    by = {"site": np.arange(N) % 2 + 1234567, "portable": np.arange(N) % 4 == 0}
    table = subgroup_table(y_true, y_pred, by=by, scores="accuracy")
    for name, value in [
        ("site", 1234567), ("site", np.int64(1234568)), ("site", 1234567.0),
        ("portable", True), ("portable", np.False_),
    ]:  # fmt: skip
        found = table.interval(name, value, "accuracy")
        assert found.value == pytest.approx(right[by[name] == value].mean())
        assert table.interval(name, str(int(value)) if name == "site" else str(value),
                              "accuracy") == found  # fmt: skip


def test_a_table_is_immutable(study):
    y_true, y_pred, _, by, groups = study
    table = subgroup_table(y_true, y_pred, by=by, groups=groups, confidence_level=0.9)
    assert table.confidence_level == table.gaps.confidence_level == 0.9
    assert table.min_patients == 10
    for name in ("gaps", "min_patients", "confidence_level"):
        with pytest.raises(AttributeError):
            setattr(table, name, 1)


def test_formats(study, tmp_path):
    y_true, y_pred, score, by, groups = study
    table = subgroup_table(y_true, y_pred, score, by={"a_b": by["sex"]}, groups=groups)
    assert r"| a\_b = F |" in table.to_markdown()
    assert table.to_latex().count(r"\toprule") == 2
    assert table._repr_html_().count("<table>") == 2
    assert "gap" in str(table)
    assert "2 subgroups" in repr(table)
    table.to_csv(tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    frame = table.to_frame()
    assert list(lines[0]) == frame.columns.tolist()
    for name in frame.columns[2:]:
        values = [float(line[name]) for line in lines]
        assert_allclose(values, frame[name].astype(float), rtol=1e-15)


def test_plot(study):
    plt = pytest.importorskip("matplotlib.pyplot")
    y_true, y_pred, score, by, groups = study
    table = subgroup_table(y_true, y_pred, score, by=by, groups=groups)
    figure = table.plot()
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == list(table.scores)
    assert len(titles) == 3  # one area for two classes
    one = table.plot("auc_normal", figure=plt.figure())
    assert len(one.axes) == 1
    plt.close("all")


def test_names_of_classes_that_are_names_of_bounds():
    y = np.tile(["high", "low"], 20)
    of = {"by": {"sex": np.repeat(["F", "M"], 20)}, "min_patients": 1}
    with pytest.raises(ValueError, match="'accuracy_low' is the name of a score, and"):
        subgroup_table(y, y, scores=["accuracy", "accuracy_low"], **of)
    table = subgroup_table(y, y, scores=["accuracy_high", "accuracy_low"], **of)
    assert table.scores == ("accuracy_high", "accuracy_low")
