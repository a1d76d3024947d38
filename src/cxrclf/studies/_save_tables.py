"""Write the tables of reports as CSV, Markdown and LaTeX files."""

import re
from pathlib import Path

from cxrclf._utils.files import replace_file
from cxrclf._utils.tables import escape_latex
from cxrclf.metrics import Estimate

_SIGNS = {"&": "and", "%": "percent", "+": "plus"}


def save_tables(reports, folder):
    """Write the tables of reports as CSV, Markdown and LaTeX files.

    Parameters
    ----------
    reports : sequence of Report
        Reports, with their parts.
    folder : path-like
        Folder for the files. It is made if necessary. Files of the same names are
        replaced.

    Returns
    -------
    list of Path
        The files: for each table ``<report>-<table>.csv`` with numbers in full
        precision, and ``.md`` and ``.tex`` (a table with caption and label, and rules
        of the package booktabs) with rounded numbers. Names are in lower case. "&", "%"
        and "+" are words, and other characters are hyphens.

    Examples
    --------
    >>> import tempfile
    >>> from cxrclf.audit import Report, ReportTable
    >>> from cxrclf.studies._save_tables import save_tables
    >>> report = Report("Networks", None, {"time": ReportTable({"seconds": [1.5]})})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save_tables([report], folder)]
    ['networks-time.csv', 'networks-time.md', 'networks-time.tex']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths, used = [], set()
    for titles, name, table in _list_tables(reports):
        stem = base = "-".join(_join_slugs(*map(_make_slug, (*titles, name))))
        number = 2
        while stem in used:
            stem = f"{base}-{number}"
            number += 1
        used.add(stem)
        path = folder / f"{stem}.csv"
        table.to_csv(path)
        paths.append(path)
        latex = _make_latex(table, titles[-1], f"tab:{stem}")
        for suffix, text in ((".md", table.to_markdown()), (".tex", latex)):
            path = folder / f"{stem}{suffix}"
            with replace_file(path) as temporary:
                temporary.write_text(f"{text}\n", encoding="utf-8")
            paths.append(path)
    return paths


def _list_tables(reports, titles=()):
    """Yield the titles, the name and the table of each table with rows."""
    for report in reports:
        here = (*titles, report.title)
        for name, table in report.tables.items():
            if len(table):
                yield here, name, table
        yield from _list_tables(report.parts, here)


def _join_slugs(*slugs):
    """Return the parts of a name. A table does not repeat the title of its report."""
    *titles, title, name = slugs
    in_title, in_name = set(title.split("-")), set(name.split("-"))
    if in_name <= in_title:
        return [*titles, title]
    return [*titles, name] if in_title <= in_name else [*titles, title, name]


def _make_slug(text):
    """Return text for the name of a file: letters, digits and hyphens."""
    text = text.replace("_", "-").lower()
    for sign, word in _SIGNS.items():
        text = text.replace(sign, f" {word} ")
    return re.sub(r"[^\w]+", "-", text).strip("-") or "table"


def _make_latex(table, title, label):
    """Return a table with its caption, a label, and a note about its brackets."""
    caption = table.caption or f"{title}."
    if any(
        isinstance(v, Estimate) for values in table.columns.values() for v in values
    ):
        caption += " Brackets: intervals."
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape_latex(caption)}}}",
            rf"\label{{{label}}}",
            table.to_latex(),
            r"\end{table}",
        ]
    )
