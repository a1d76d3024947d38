import csv
import pickle

import numpy as np
import pytest
from sklearn.metrics import recall_score

from cxrclf.metrics import OriginalClassTable, map_labels, original_class_table

TO_TWO = {"label_map": {"covid": "covid"}, "rest": "other"}
TRUE = ["covid"] * 4 + ["tuberculosis"] * 3 + ["<normal>"] * 2
PREDICTED = ["covid"] * 3 + ["other"] + ["covid"] + ["other"] * 4


@pytest.fixture
def binary_table():
    return original_class_table(TRUE, PREDICTED, **TO_TWO)


def test_counts_by_hand(binary_table):
    assert binary_table.rows == ("<normal>", "covid", "tuberculosis")
    assert binary_table.to_dict() == {
        "<normal>": {
            "class": "other", "as covid": 0, "as other": 2, "sensitivity": 1.0,
            "support": 2,
        },
        "covid": {
            "class": "covid", "as covid": 3, "as other": 1, "sensitivity": 0.75,
            "support": 4,
        },
        "tuberculosis": {
            "class": "other", "as covid": 1, "as other": 2, "sensitivity": 2 / 3,
            "support": 3,
        },
    }  # fmt: skip
    assert binary_table["tuberculosis", "as covid"] == 1


def test_sensitivity_is_that_of_scikit_learn_on_each_original_class():
    rng = np.random.default_rng(0)
    y = rng.choice(5, size=300)
    label_map = {0: 1, 1: 0, 2: 2, 3: 1}
    scheme = map_labels(y, label_map, rest=2)
    predicted = np.where(rng.random(300) < 0.7, scheme, rng.choice(3, size=300))
    table = original_class_table(y, predicted, label_map, rest=2)
    for label in range(5):
        own = y == label
        (of,) = set(scheme[own].tolist())
        assert table[label, "class"] == str(of)
        assert table[label, "sensitivity"] == pytest.approx(
            recall_score(scheme[own], predicted[own], labels=[of], average="micro")
        )
        for other in range(3):
            given = np.count_nonzero(predicted[own] == other)
            assert table[label, f"as {other}"] == given


def test_listed_class_without_samples_has_a_row():
    table = original_class_table(["a", "b"], ["x", "y"], {"a": "x", "b": "y", "c": "z"})
    assert table.rows == ("a", "b", "c")
    assert table["c", "support"] == table["a", "as z"] == 0
    assert np.isnan(table["c", "sensitivity"])


def test_text_html_and_csv(binary_table, tmp_path):
    lines = str(binary_table).splitlines()
    assert lines[0].split() == [
        "class", "as", "covid", "as", "other", "sensitivity", "support",
    ]  # fmt: skip
    assert lines[3].split() == ["tuberculosis", "other", "1", "2", "0.667", "3"]
    assert "<th>&lt;normal&gt;</th><td>other</td>" in binary_table._repr_html_()
    assert "3 original classes in a scheme of 2" in repr(binary_table)
    binary_table.to_csv(tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["original class", *binary_table.columns]
    assert rows[2] == ["tuberculosis", "other", "1", "2", repr(2 / 3), "3"]


def test_frame(binary_table):
    pytest.importorskip("pandas")
    frame = binary_table.to_frame()
    assert frame.to_dict(orient="index") == binary_table.to_dict()
    assert frame["as covid"].sum() == PREDICTED.count("covid")


def test_pickle(binary_table):
    again = pickle.loads(pickle.dumps(binary_table))
    assert again.to_dict() == binary_table.to_dict()


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        (["covid", "normal"], ["covid"], "inconsistent numbers"),
        ([], [], "no samples"),
        (["covid", "normal"], ["covid", "normal"], r"\['normal'\].*map_labels"),
    ],
)
def test_unsuitable_arguments(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        original_class_table(y_true, y_pred, **TO_TWO)


def test_cells_that_are_not_there(binary_table):
    with pytest.raises(KeyError, match="No row 'influenza'"):
        binary_table["influenza", "support"]
    with pytest.raises(KeyError, match="No column 'precision'"):
        binary_table["covid", "precision"]


def test_shape_of_counts():
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        OriginalClassTable({"a": "x", "b": "y"}, [[1, 2, 3], [4, 5, 6]])
