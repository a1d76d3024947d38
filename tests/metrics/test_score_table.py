import csv
import pickle

import numpy as np
import pytest

from cxrclf.metrics import ScoreTable, classification_table


@pytest.fixture
def small_table():
    return classification_table(
        ["<covid>", "<covid>", "normal", "other"],
        ["<covid>", "normal", "normal", "normal"],
    )


def test_text_is_aligned(small_table):
    *lines, footer = str(small_table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split() == list(small_table.columns)
    assert lines[1].split() == [
        "<covid>", "0.750", "1.000", "0.500", "1.000", "0.667", "2",
    ]  # fmt: skip
    assert lines[3].split()[2] == "nan"
    assert footer == "overall accuracy 0.500, balanced accuracy 0.500"


def test_html_escapes_class_names(small_table):
    page = small_table._repr_html_()
    assert "<th>&lt;covid&gt;</th><td>0.750</td>" in page
    assert page.count("<tr>") == 1 + len(small_table.rows)


def test_csv_holds_everything_in_full_precision(small_table, tmp_path):
    path = tmp_path / "new folder" / "table.csv"
    small_table.to_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == ["class", *small_table.columns]
    read = np.array([[float(c or "nan") for c in line[1:]] for line in lines[:4]])
    np.testing.assert_array_equal(read, small_table.values)
    assert [line[0] for line in lines[:4]] == list(small_table.rows)
    assert [line[:2] for line in lines[4:]] == [
        ["overall accuracy", "0.5"],
        ["balanced accuracy", "0.5"],
    ]


def test_frame_and_dict(small_table):
    pytest.importorskip("pandas")
    frame = small_table.to_frame()
    nested = small_table.to_dict()
    for row in small_table.rows:
        for column in small_table.columns:
            expected = pytest.approx(small_table[row, column], nan_ok=True)
            assert frame.loc[row, column] == expected
            assert nested["classes"][row][column] == expected
    assert nested["overall"] == small_table.overall


def test_does_not_change(small_table):
    with pytest.raises(ValueError, match="read-only"):
        small_table.values[0, 0] = 1
    with pytest.raises(AttributeError):
        small_table.rows = ()
    small_table.overall["accuracy"] = 1.0
    assert small_table.overall["accuracy"] == 0.5


def test_pickle(small_table):
    again = pickle.loads(pickle.dumps(small_table))
    assert str(again) == str(small_table)


def test_classes_are_found_by_label():
    table = classification_table([3, 7], [3, 7])
    assert table[3, "f1"] == table["3", "f1"] == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (("tuberculosis", "f1"), "No row 'tuberculosis'. The rows are"),
        (("normal", "recall"), "No column 'recall'. The columns are"),
        ("normal", "table.row, column."),
    ],
)
def test_what_is_not_there(small_table, key, message):
    with pytest.raises(KeyError, match=message):
        small_table[key]


def test_names_must_differ():
    with pytest.raises(ValueError, match="macro average"):
        classification_table(["macro average", "b"], ["macro average", "b"])
    with pytest.raises(ValueError, match="Expected values of shape"):
        ScoreTable(["a"], ["f1"], [[1.0]], {})


@pytest.fixture
def with_intervals():
    return classification_table(
        ["<covid>", "<covid>", "normal", "normal"],
        ["<covid>", "normal", "normal", "normal"],
        [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]],
        intervals=True,
        groups=[1, 1, 2, 3],
        confidence_level=0.9,
    )


def test_intervals_are_printed(with_intervals):
    assert with_intervals.has_intervals
    assert with_intervals.confidence_level == 0.9
    low, high = with_intervals.interval("normal", "sensitivity")[1:]
    cell = f"1.000 [{low:.3f}, {high:.3f}]"
    assert cell in str(with_intervals)
    assert f"<td>{cell}</td>" in with_intervals._repr_html_()
    assert cell in with_intervals.to_markdown()
    assert cell in with_intervals.to_latex()
    last = str(with_intervals).splitlines()[-1]
    assert last == ("[low, high]: 90 % confidence intervals, 4 samples of 3 patients.")
    overall = with_intervals.overall_intervals["accuracy"]
    assert f"accuracy 0.750 [{overall.low:.3f}, {overall.high:.3f}]" in repr(
        with_intervals
    )


def test_frame_dict_and_csv_have_the_bounds(with_intervals, tmp_path):
    frame, nested = with_intervals.to_frame(), with_intervals.to_dict()
    path = tmp_path / "table.csv"
    with_intervals.to_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        lines = {line["class"]: line for line in csv.DictReader(file)}
    assert frame.columns.tolist()[:4] == [
        "accuracy", "accuracy_low", "accuracy_high", "precision",
    ]  # fmt: skip
    assert "support_low" not in frame.columns
    for row in with_intervals.rows:
        for column in with_intervals.columns[:-1]:
            names = (column, f"{column}_low", f"{column}_high")
            expected = with_intervals.interval(row, column)
            np.testing.assert_array_equal(frame.loc[row, list(names)], expected)
            for name, value in zip(names, expected, strict=True):
                assert nested["classes"][row][name] == pytest.approx(value, nan_ok=True)
                assert float(lines[row][name] or "nan") == pytest.approx(
                    value, nan_ok=True
                )
    balanced = with_intervals.overall_intervals["balanced_accuracy"]
    assert nested["overall"]["balanced_accuracy_low"] == balanced.low
    assert float(lines["balanced accuracy"]["accuracy_high"]) == balanced.high


def test_a_table_without_intervals(small_table):
    assert not small_table.has_intervals
    assert small_table.overall_intervals == {}
    assert small_table.confidence_level is None
    with pytest.raises(ValueError, match="intervals=True"):
        small_table.interval("normal", "f1")
    with pytest.raises(KeyError, match="No row 'flu'"):
        small_table.interval("flu", "f1")


def test_a_table_with_intervals_is_pickled(with_intervals):
    assert str(pickle.loads(pickle.dumps(with_intervals))) == str(with_intervals)
