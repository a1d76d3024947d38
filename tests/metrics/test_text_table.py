"""Tables as text, HTML, Markdown and LaTeX."""

import pytest

from cxrclf.metrics import (
    classification_table,
    fold_summary,
    original_class_table,
    table_from_confusion,
)
from cxrclf.metrics._text_table import TextTable


class Small(TextTable):
    def _format_cells(self):
        return ["", "n"], [["a_b", "1"]]


class SmallWithFooter(Small):
    def _format_footer(self):
        return ["50 % of <all>"]


def test_all_formats_have_the_cells():
    assert str(Small()) == "     n\na_b  1"
    assert Small().to_markdown().splitlines()[2] == r"| a\_b |   1 |"
    assert r"a\_b & 1 \\" in Small().to_latex()
    assert "<th>a_b</th><td>1</td>" in Small()._repr_html_()


def test_all_formats_have_the_footer():
    table = SmallWithFooter()
    assert str(table).splitlines()[-1] == "50 % of <all>"
    assert table.to_markdown().splitlines()[-1] == "50 % of &lt;all&gt;"
    assert r"{50 \% of \textless{}all\textgreater{}} \\" in table.to_latex()
    assert table._repr_html_().endswith("<p>50 % of &lt;all&gt;</p>")


def starts(line):
    """Return whether a line is the row of the class x_1."""
    return line.removeprefix("| ").startswith(r"x\_1")


@pytest.mark.parametrize(
    "table",
    [
        classification_table(["x_1", "b"], ["x_1", "x_1"]),
        fold_summary([table_from_confusion([[8, 2], [1, 9]], ["x_1", "b"])] * 2),
        original_class_table(["x_1", "b"], ["x_1", "b"], None),
    ],
    ids=lambda table: type(table).__name__,
)
def test_every_table_has_every_format(table):
    row = next(line for line in str(table).splitlines() if line.startswith("x_1"))
    cells = [cell for cell in row.split("  ") if cell.strip()]
    for text in (table.to_markdown(), table.to_latex()):
        line = next(line for line in text.splitlines() if starts(line))
        assert len(cells) > 4
        plain = line.replace("\\", "").replace("$pm$", "±")
        assert all(cell.strip() in plain for cell in cells)
    assert table.to_frame().index[table.rows.index("x_1")] == "x_1"
