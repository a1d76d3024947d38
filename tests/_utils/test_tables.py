"""Grids of scores: look-up, plain text, HTML and CSV."""

import csv

import numpy as np
import pytest

from cxrclf._utils.tables import (
    as_html,
    as_text,
    csv_cell,
    format_name,
    position,
    write_csv,
)

ROWS, COLUMNS = ["covid", "7"], ["recall", "f1"]


def test_a_cell_is_found_by_its_names():
    assert position(ROWS, COLUMNS, ("covid", "f1")) == (0, 1)
    assert position(ROWS, COLUMNS, (7, "recall")) == (1, 0)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("covid", r"table\[row, column\], got 'covid'"),
        (("covid", "f1", 0), r"table\[row, column\]"),
        (("flu", "f1"), r"No row 'flu'. The rows are \['covid', '7'\]"),
        (("covid", "dice"), r"No column 'dice'. The columns are \['recall', 'f1'\]"),
    ],
)
def test_a_cell_that_is_not_there(key, message):
    with pytest.raises(KeyError, match=message):
        position(ROWS, COLUMNS, key)


def test_names_in_words():
    assert format_name("accuracy") == "overall accuracy"
    assert format_name("balanced_accuracy") == "balanced accuracy"


def test_numbers_of_a_csv_file_are_exact():
    assert csv_cell(np.nan) == ""
    assert csv_cell(3.0) == "3"
    assert float(csv_cell(np.float64(1) / 3)) == 1 / 3


def test_text_is_aligned():
    text = as_text(["", "n", "recall"], [["covid", "10", "1"], ["x", "5", "0.25"]])
    assert text == "        n  recall\ncovid  10       1\nx       5    0.25"


def test_html_is_escaped():
    page = as_html(["", "<n>"], [["a & b", "1"]], ["1 < 2"])
    assert "<th>&lt;n&gt;</th>" in page
    assert "<tr><th>a &amp; b</th><td>1</td></tr>" in page
    assert page.endswith("</table><p>1 &lt; 2</p>")


def test_csv_is_read_back(tmp_path):
    path = tmp_path / "table.csv"
    write_csv(path, ["class", "n"], [["a, b", 1], ["ü", "x"]])
    with open(path, newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["class", "n"], ["a, b", "1"], ["ü", "x"]]
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    write_csv(path, ["class"], [["a"]])
    before = path.read_bytes()
    with pytest.raises(csv.Error):
        write_csv(path, ["class"], [["b"], 3])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
