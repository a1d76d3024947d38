"""Base of the reports: findings, tables and pictures as text and as a page."""

from collections.abc import Iterable

from cxrclf.audit._finding import KINDS
from cxrclf.audit._page import make_page, write_page


class Report:
    """Findings, tables and pictures of an audit.

    The functions of :mod:`cxrclf.audit` return subclasses of this class. A report can
    be pickled, if the functions in `figures` can be pickled.

    Parameters
    ----------
    title : str
        Title of the report.
    findings : sequence of Finding or None, default=()
        Findings, the most important first. None stands for a report that searches for
        nothing, such as a description: a page then shows no number of findings.
    tables : dict of str to ReportTable, default=None
        Tables by name.
    reading : sequence of str, default=()
        Sentences that explain the report in plain words.
    figures : dict of str to callable, default=None
        Functions without parameters by the alternative text of the figure. Each
        function returns a Matplotlib figure. It is called when a page is written.
    parts : sequence of Report, default=()
        Reports on parts, such as one report per network.
    fold_parts : bool, default=True
        Whether a page shows the parts folded. The first of several parts is open.

    Attributes
    ----------
    title, findings, tables, reading, figures, parts, fold_parts
        The parameters. `findings`, `reading` and `parts` are tuples.
    has_findings : bool
        Whether the report searches for findings: False if `findings` was None.

    Examples
    --------
    >>> from cxrclf.audit import Finding, Report
    >>> report = Report("Audit", [Finding("leakage", "patient", "2 patients ...", n=2)])
    >>> report.exit_status("leakage"), report.exit_status("shortcut")
    (1, 0)

    A report with a picture:

    >>> def draw():
    ...     from matplotlib import pyplot
    ...
    ...     figure, ax = pyplot.subplots(figsize=(3, 2))
    ...     ax.plot([0, 1], [0, 1])
    ...     return figure
    >>> report = Report("Curves", None, figures={"Curve of two points.": draw})
    >>> 'alt="Curve of two points."' in report.to_html()
    True
    """

    def __init__(
        self,
        title,
        findings=(),
        tables=None,
        reading=(),
        *,
        figures=None,
        parts=(),
        fold_parts=True,
    ):
        self.title = title
        self.has_findings = findings is not None
        self.findings = tuple(findings or ())
        self.tables = dict(tables or {})
        self.reading = tuple(reading)
        self.figures = dict(figures or {})
        self.parts = tuple(parts)
        self.fold_parts = fold_parts

    def __str__(self):
        parts = [f"{self.title}\n{'=' * len(self.title)}"]
        if self.reading:
            parts.append("\n".join(self.reading))
        if self.findings:
            parts.append("\n".join(f"- {finding}" for finding in self.findings))
        for name, table in self.tables.items():
            if len(table):
                caption = f": {table.caption}" if table.caption else ""
                parts.append(f"[{name}]{caption}\n{table}")
        parts += map(str, self.parts)
        return "\n\n".join(parts)

    def __repr__(self):
        codes = ", ".join(finding.code for finding in self.findings) or "no findings"
        return f"<{type(self).__name__}: {codes}>"

    def _repr_html_(self):
        return make_page([self], self.title, fragment=True)

    def to_frame(self, name=None):
        """Return a table as a data frame.

        Parameters
        ----------
        name : str, default=None
            Name of the table, a key of `tables`. By default the first table.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        KeyError
            If there is no such table.
        MissingDependencyError
            If pandas is not installed.
        """
        if name is None and self.tables:
            name = next(iter(self.tables))
        if name not in self.tables:
            raise KeyError(f"No table {name!r}. The tables are {list(self.tables)}.")
        return self.tables[name].to_frame()

    def to_dict(self):
        """Return the report as plain values, for JSON.

        Returns
        -------
        dict
            With the keys `title`, `reading`, `findings` (a list of dicts) and `tables`
            (a dict of columns per table). A report with parts also has the key `parts`
            (a list of such dicts).
        """
        values = {
            "title": self.title,
            "reading": list(self.reading),
            "findings": [dict(vars(finding)) for finding in self.findings],
            "tables": {name: table.to_dict() for name, table in self.tables.items()},
        }
        if self.parts:
            values["parts"] = [part.to_dict() for part in self.parts]
        return values

    def to_html(self, path=None):
        """Write the report as a page for a browser.

        The page is one file. It needs no other file and no network. The pictures are
        part of it if Matplotlib is installed.

        Parameters
        ----------
        path : path-like, default=None
            File to write, completely or not at all. By default no file is written.

        Returns
        -------
        str
            The page as HTML.
        """
        if path is None:
            return make_page([self], self.title)
        return write_page(path, [self], self.title)

    def exit_status(self, fail_on="any"):
        """Return 1 if the report or its parts have findings of some kinds, else 0.

        A pipeline can stop at ``sys.exit(report.exit_status("leakage"))``.

        Parameters
        ----------
        fail_on : {"any", "leakage", "duplicates", "labels", "shortcut", "drift"} or \
                sequence of them, default="any"
            Kinds of findings.

        Returns
        -------
        int
            0 or 1.

        Raises
        ------
        ValueError
            If a kind is unknown.
        """
        kinds = [fail_on] if isinstance(fail_on, str) else list(fail_on)
        unknown = [kind for kind in kinds if kind not in (*KINDS, "any")]
        if unknown:
            raise ValueError(f"fail_on must be among {('any', *KINDS)}, got {unknown}.")
        found = {finding.kind for finding in self.findings}
        here = bool(found if "any" in kinds else found.intersection(kinds))
        return max([int(here), *(part.exit_status(fail_on) for part in self.parts)])

    def _figures(self) -> Iterable[tuple[str, object]]:
        """Yield the alternative text and the Matplotlib figure of each picture."""
        for text, draw in self.figures.items():
            yield text, draw()
