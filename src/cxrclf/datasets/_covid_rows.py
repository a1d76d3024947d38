"""Helpers for the tables of the public COVID-19 collections."""

import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import numpy as np

from cxrclf.datasets._covid_findings import find_class
from cxrclf.datasets._layout import format_names

_VIEWS = {
    "aps": "AP Supine",
    "ap supine": "AP Supine",
    "ap erect": "AP erect",
    "ap semi erect": "AP semi erect",
    "lateral": "L",
}
_FRONTAL = re.compile(r"(ap|pa)\b", re.IGNORECASE)
_SLICES = {"axial", "coronal", "sagittal", "ct"}
_XRAY = {"", "x-ray", "xray", "x ray"}


def check_views(views):
    """Return the parameter `views` of a loader as "frontal", "all" or a set of views.

    Parameters
    ----------
    views : str or sequence of str
        Parameter `views` of a loader.
    """
    if isinstance(views, str):
        if views in ("frontal", "all"):
            return views
    elif isinstance(views, Iterable):
        names = list(views)
        if names and all(isinstance(name, str) for name in names):
            return {clean_view(name) for name in names}
    raise ValueError(
        "views must be 'frontal', 'all', or a list of views such as ['PA', 'AP']; got "
        f"{views!r}."
    )


def clean_view(view):
    """Return one spelling for a view: "PA", "AP Supine", "L", ..."""
    view = " ".join(view.split())
    known = _VIEWS.get(view.casefold())
    return known or (view.upper() if len(view) <= 2 else view)


def prepare_rows(rows, views="all", level=None):
    """Add "target", "patient", "reason" and the cleaned "view" to rows of a table.

    Parameters
    ----------
    rows : list of dict
        Rows from `read_csv_table`, with the keys "filename", "patientid" and
        "finding". The keys "view" and "modality" may be missing.
    views : str or set of str, default="all"
        Views to list, from `check_views`.
    level : int, default=None
        Parameter `level` of `find_class`.
    """
    for row in rows:
        row["view"] = clean_view(row.get("view", ""))
        row["target"] = find_class(row["finding"], level)
        row["patient"] = row["patientid"]
    if isinstance(views, set):
        present = sorted({row["view"] for row in rows if row["view"]})
        lost = sorted(views.difference(present))
        if lost:
            raise ValueError(
                f"views: no image of the table has the view {format_names(lost)}. Its "
                f"views are {format_names(present, 20)}."
            )
    for row in rows:
        row["reason"] = _find_reason(row, views)


def _find_reason(row, views):
    """Return the reason to leave an image out, or None."""
    name, view = row["filename"], row["view"]
    modality = row.get("modality", "").casefold()
    ending = os.path.splitext(name)[1].lower()
    if not name:
        return "missing"
    # The first tables have no column "modality". Their CT images have the view "CT".
    if modality not in _XRAY or view.casefold() in _SLICES:
        return "modality"
    if ending in (".gz", ".nii"):
        return "modality"
    if views == "frontal" and not _FRONTAL.match(view):
        return "view"
    if isinstance(views, set) and view not in views:
        return "view"
    if row["target"] is None:
        return "finding"
    return None if row["patient"] else "patient"


def make_fields(rows, texts, numbers=()):
    """Return the fields of a Bunch for rows, as arrays of shape (n,).

    Parameters
    ----------
    rows : list of dict
        Rows with an image.
    texts : sequence of str
        Columns of text to return after target, groups, finding and view.
    numbers : sequence of str, default=()
        Columns of numbers to return after the texts.
    """
    fields = {
        "target": np.array([row["target"] for row in rows]),
        "groups": np.array([row["patient"] for row in rows]),
    }
    for name in ("finding", "view", *texts):
        values = [row.get(name) or None for row in rows]
        fields[name] = np.array(values, dtype=object)
    for name in numbers:
        fields[name] = np.array([_parse_number(row.get(name)) for row in rows])
    return fields


def get_site(url):
    """Return the host of a URL without "www.", such as "radiopaedia.org", or ''."""
    first = (url.split() or [""])[0]
    try:
        host = urlsplit(first if "//" in first else f"//{first}").hostname
    except ValueError:
        return ""
    return (host or "").removeprefix("www.")


def _parse_number(text):
    """Return a number, or NaN for an empty text and for texts such as "50+"."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return np.nan
    return number if np.isfinite(number) else np.nan
