"""Tables of scores: lookup, plain text, HTML, Markdown, LaTeX and CSV."""

import csv
import html
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrclf._utils.files import replace_file

# Characters with a meaning in Markdown. Entities are understood by all programs.
_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_|~$"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_LONG = 20  # letters of a word that may need several lines
_SIGN = re.compile(r"(?<=\w)([/_-])(?=\w)")
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "−": "$-$",
        "≥": r"$\geq$",
        "≤": r"$\leq$",
    }
)


def position(rows: Sequence[str], columns: Sequence[str], key: Any) -> tuple[int, int]:
    """Return the position of the cell of ``table[row, column]``."""
    if not isinstance(key, tuple) or len(key) != 2:
        raise KeyError(f"Index with table[row, column], got {key!r}.")
    row, column = str(key[0]), key[1]
    if row not in rows:
        raise KeyError(f"No row {row!r}. The rows are {list(rows)}.")
    if column not in columns:
        raise KeyError(f"No column {column!r}. The columns are {list(columns)}.")
    return rows.index(row), columns.index(column)


def format_name(name: str) -> str:
    """Format the name of an overall score in words."""
    return "overall accuracy" if name == "accuracy" else name.replace("_", " ")


def csv_cell(value: float) -> str:
    """Return a number in full precision, and NaN as an empty cell."""
    return "" if np.isnan(value) else repr(float(value)).removesuffix(".0")


def as_text(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return cells as text, the first column aligned left and the others right."""
    widths = [
        max(len(cell) for cell in column) for column in zip(header, *lines, strict=True)
    ]
    aligned = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [
                cell.rjust(width)
                for cell, width in zip(line[1:], widths[1:], strict=True)
            ]
        )
        for line in (header, *lines)
    ]
    return "\n".join(line.rstrip() for line in aligned)


def as_html(
    header: Sequence[str],
    lines: Sequence[Sequence[str]],
    footer: Sequence[str],
    text_columns: Sequence[int] = (),
) -> str:
    """Return cells as an HTML table, followed by one paragraph per footer line.

    The cells of `text_columns` have the class "text", which a page can align left.
    """

    def make_row(cells: Sequence[str], tags: Sequence[str]) -> str:
        parts = []
        for column, (cell, tag) in enumerate(zip(cells, tags, strict=True)):
            mark = ' class="text"' if column in text_columns else ""
            parts.append(f"<{tag}{mark}>{_escape_html(cell)}</{tag}>")
        return "".join(parts)

    head = make_row(header, ["th"] * len(header))
    tags = ["th", *["td"] * (len(header) - 1)]
    body = "".join(f"<tr>{make_row(line, tags)}</tr>" for line in lines)
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in footer)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{paragraphs}"
    )


def as_markdown(
    header: Sequence[str],
    lines: Sequence[Sequence[str]],
    footer: Sequence[str] = (),
) -> str:
    """Return cells as a Markdown table, followed by one paragraph per footer line.

    The first column is aligned left and the others right. Characters with a meaning in
    Markdown are escaped.
    """
    cells = [[_escape_markdown(cell) for cell in line] for line in (header, *lines)]
    widths = [
        max(3, *(len(cell) for cell in column)) for column in zip(*cells, strict=True)
    ]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (n - 1) + ":" for n in widths[1:])]
    aligned = [
        [line[0].ljust(widths[0])]
        + [cell.rjust(n) for cell, n in zip(line[1:], widths[1:], strict=True)]
        for line in cells
    ]
    table = [f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:])]
    paragraphs = [f"\n{_escape_markdown(line)}" for line in footer]
    return "\n".join([*table, *paragraphs])


def as_latex(
    header: Sequence[str],
    lines: Sequence[Sequence[str]],
    footer: Sequence[str] = (),
) -> str:
    """Return cells as a LaTeX table of the package booktabs.

    The first column is aligned left and the others right. The lines of the footer span
    all columns below the table. Characters with a meaning in LaTeX are escaped.
    """
    rows = [
        " & ".join(escape_latex(cell) for cell in line) for line in (header, *lines)
    ]
    spanning = [
        rf"\multicolumn{{{len(header)}}}{{l}}{{{escape_latex(line)}}}"
        for line in footer
    ]
    parts = [
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        rf"{rows[0]} \\",
        r"\midrule",
        *(rf"{row} \\" for row in rows[1:]),
        r"\bottomrule",
        *(rf"{line} \\" for line in spanning),
        r"\end{tabular}",
    ]
    return "\n".join(parts)


def _escape_html(text: str) -> str:
    """Return text that HTML shows unchanged. Long names may break after a sign."""
    return " ".join(
        _SIGN.sub(r"\1<wbr>", html.escape(word))
        if len(word) > _LONG
        else html.escape(word)
        for word in text.split(" ")
    )


def _escape_markdown(text: str) -> str:
    """Return text that Markdown shows unchanged, in one line."""
    escaped = " ".join(text.split()).translate(_MARKDOWN)
    return escaped.replace("](", r"]\(")  # brackets alone are no link


def escape_latex(text: str) -> str:
    """Return text that LaTeX shows unchanged, in one line."""
    escaped = " ".join(text.split()).translate(_LATEX)
    # After the end of a line of a table, [ and * would be arguments.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped[:1] in ("[", "*") else escaped


def write_csv(
    path: str | os.PathLike[str],
    header: Sequence[str],
    lines: Sequence[Sequence[object]],
) -> None:
    """Write cells to a CSV file, completely or not at all."""
    with (
        replace_file(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)
