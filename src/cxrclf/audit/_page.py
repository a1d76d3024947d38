"""Pages of reports for a browser."""

import base64
import io
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import jinja2

from cxrclf._utils.files import replace_file
from cxrclf.exceptions import MissingDependencyError

_DPI = 110


def make_page(reports, title, *, fragment=False):
    """Return reports as one page of HTML without external files.

    Parameters
    ----------
    reports : sequence of Report
        Reports, in the order of the page.
    title : str
        Title of the page.
    fragment : bool, default=False
        Whether to return the body only, without pictures, for a notebook.

    Returns
    -------
    str
        HTML. All texts are escaped.
    """
    sections = [
        {
            "title": report.title,
            "reading": report.reading,
            "findings": report.findings,
            "tables": [
                (name, table, table._repr_html_())
                for name, table in report.tables.items()
                if len(table)
            ],
            "pictures": [] if fragment else _draw(report),
        }
        for report in reports
    ]
    return _template().render(title=title, sections=sections, fragment=fragment)


def write_page(path, reports, title):
    """Write several reports as one page for a browser.

    Parameters
    ----------
    path : path-like
        File to write, completely or not at all.
    reports : Report or sequence of Report
        Reports, in the order of the page.
    title : str
        Title of the page.

    Returns
    -------
    str
        The page as HTML.

    See Also
    --------
    Report.to_html : Write one report.

    Examples
    --------
    >>> import os, tempfile
    >>> from cxrclf.audit import Report, write_page
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "audit.html")
    ...     _ = write_page(path, [Report("Copies"), Report("Leakage")], "My data")
    ...     os.listdir(folder)
    ['audit.html']
    """
    page = make_page(reports if isinstance(reports, Iterable) else [reports], title)
    with replace_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return page


def _draw(report):
    """Return the alternative texts and the PNG files, in base64, of the pictures."""
    try:
        figures = [(text, _as_png(figure)) for text, figure in report._figures()]
    except MissingDependencyError:
        return []
    return figures


def _as_png(figure):
    """Return a Matplotlib figure as a PNG file in base64, and close the figure."""
    from matplotlib import pyplot

    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI, bbox_inches="tight")
    pyplot.close(figure)
    return base64.b64encode(stream.getvalue()).decode("ascii")


@cache
def _template():
    source = files("cxrclf.audit").joinpath("report.html").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, trim_blocks=True).from_string(source)
