"""Pages of reports for a browser."""

import base64
import io
from functools import cache
from importlib.resources import files

import jinja2

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
