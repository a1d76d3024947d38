"""Pages of reports for a browser."""

import base64
import io
from collections.abc import Iterable
from contextlib import nullcontext
from functools import cache
from importlib.resources import files

import jinja2
from PIL import Image

from cxrclf._utils.files import replace_file
from cxrclf._utils.optional import import_optional
from cxrclf.audit._report_table import tie_units
from cxrclf.exceptions import MissingDependencyError

_DPI = 144  # pixels per inch of a picture
_CSS_DPI = 96  # pixels per inch of a page
_N_COLORS = 256


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
    missing: list[str] = []
    with nullcontext() if fragment else _plain_style():
        sections = [
            _describe(report, f"report-{number}", missing, pictures=not fragment)
            for number, report in enumerate(reports, 1)
        ]
    return _template().render(
        title=title,
        sections=sections,
        fragment=fragment,
        missing=missing[0] if missing else None,
    )


def write_page(path, reports, title):
    """Write several reports as one page for a browser.

    The page is one file. It needs no other file and no network. It has pictures if
    Matplotlib is installed.

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


def _describe(report, name, missing, *, pictures):
    """Return what the template shows of a report and of its parts."""
    return {
        "id": name,
        "title": report.title,
        "reading": report.reading,
        "has_findings": report.has_findings,
        "findings": report.findings,
        "tables": [
            (_capitalize(name), table.caption, table._repr_html_())
            for name, table in report.tables.items()
            if len(table)
        ],
        "pictures": _draw(report, missing) if pictures else [],
        "fold_parts": report.fold_parts,
        "parts": [
            _describe(part, f"{name}-{number}", missing, pictures=pictures)
            for number, part in enumerate(report.parts, 1)
        ],
    }


def _capitalize(name):
    """Return the name of a table as a title. Other capitals remain."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _plain_style():
    """Return a context with the default style of Matplotlib, if it is installed.

    Pictures have a white ground on light and on dark pages.
    """
    try:
        pyplot = import_optional("matplotlib.pyplot", extra="plot", purpose="A page")
    except MissingDependencyError:
        return nullcontext()
    return pyplot.style.context("default")


def _draw(report, missing):
    """Return the text, the PNG file in base64 and the width of each picture."""
    try:
        return [(text, *_as_png(figure)) for text, figure in report._figures()]
    except MissingDependencyError as error:
        missing.append(str(error))
        return []


def _as_png(figure):
    """Return a figure as a PNG file in base64, its width on a page, and close it."""
    from matplotlib import pyplot

    stream = io.BytesIO()
    figure.savefig(
        stream,
        format="png",
        dpi=_DPI,
        bbox_inches="tight",
        pil_kwargs={"compress_level": 1},  # it is compressed again below
    )
    pyplot.close(figure)
    picture = Image.open(stream).convert("RGB")
    small = io.BytesIO()
    # A palette makes the file about three times smaller.
    picture.quantize(_N_COLORS).save(small, format="png", optimize=True)
    encoded = base64.b64encode(small.getvalue()).decode("ascii")
    width, height = (round(n * _CSS_DPI / _DPI) for n in picture.size)
    return encoded, width, height


@cache
def _template():
    source = files("cxrclf.audit").joinpath("report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["tie"] = tie_units
    return environment.from_string(source)
