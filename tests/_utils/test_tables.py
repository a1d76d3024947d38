"""Grids of scores: look-up, plain text, HTML, Markdown, LaTeX and CSV."""

import csv
import html

import numpy as np
import pytest

from cxrclf._utils.tables import (
    as_html,
    as_latex,
    as_markdown,
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


def test_text_columns_are_marked_in_html():
    page = as_html(["file", "kind", "n"], [["a.png", "exact", "1"]], [], [0, 1])
    assert '<th class="text">kind</th><th>n</th>' in page
    assert '<th class="text">a.png</th><td class="text">exact</td><td>1</td>' in page


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


def test_markdown_is_aligned_and_has_a_footer():
    text = as_markdown(["", "n"], [["covid", "10"], ["x", "5"]], ["All: 15"])
    assert text == (
        "|       |   n |\n| :---- | --: |\n| covid |  10 |\n| x     |   5 |\n\nAll: 15"
    )


@pytest.mark.parametrize(
    ("name", "markdown", "latex"),
    [
        ("a_b", r"a\_b", r"a\_b"),
        ("50 %", "50 %", r"50 \%"),
        ("a|b", r"a\|b", r"a\textbar{}b"),
        ("<script>", "&lt;script&gt;", r"\textless{}script\textgreater{}"),
        ("R&D #1", "R&amp;D #1", r"R\&D \#1"),
        ("$x^{2}$", r"\$x^{2}\$", r"\$x\textasciicircum{}\{2\}\$"),
        ("a\\b", r"a\\b", r"a\textbackslash{}b"),
        ("*~`", r"\*\~\`", r"{*}\textasciitilde{}`"),
        ("[a](b)", r"[a]\(b)", "{[}a](b)"),
        ("two\nlines", "two lines", "two lines"),
        ("0.9 ± 0.1", "0.9 ± 0.1", r"0.9 $\pm$ 0.1"),
        ("0.9 [0.8, 1.0]", "0.9 [0.8, 1.0]", "0.9 [0.8, 1.0]"),
    ],
)
def test_names_are_escaped(name, markdown, latex):
    line = as_markdown(["", "n"], [[name, "1"]]).splitlines()[2]
    assert line.startswith(f"| {markdown} ")
    assert line.endswith(" 1 |")
    assert as_latex(["", "n"], [[name, "1"]]).splitlines()[4] == rf"{latex} & 1 \\"


def test_latex_has_the_rules_of_booktabs():
    text = as_latex(["", "n", "f1"], [["covid", "10", "0.5"]], ["All: 15"])
    assert text.splitlines() == [
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r" & n & f1 \\",
        r"\midrule",
        r"covid & 10 & 0.5 \\",
        r"\bottomrule",
        r"\multicolumn{3}{l}{All: 15} \\",
        r"\end{tabular}",
    ]


def test_long_names_may_break_after_a_sign():
    name = "train/covid/a_b-<script>_1.png"
    page = as_html(
        ["image"], [[name], ["short_name"], ["several words_with a_sign"]], []
    )
    assert "train/<wbr>covid/<wbr>a_<wbr>b-&lt;script&gt;_1.png" in page
    assert ">short_name<" in page
    assert ">several words_with a_sign<" in page
    assert html.unescape(page.replace("<wbr>", "")).count(name) == 1
