"""Tables of scores: lookup, plain text, HTML and CSV."""

import csv
import html
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrclf._utils.files import replace_file


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
    header: Sequence[str], lines: Sequence[Sequence[str]], footer: Sequence[str]
) -> str:
    """Return cells as an HTML table, followed by one paragraph per footer line."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th>{html.escape(line[0])}</th>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in line[1:])
        + "</tr>"
        for line in lines
    )
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in footer)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{paragraphs}"
    )


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
