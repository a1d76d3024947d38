"""Table of a report."""

import re
from numbers import Integral, Real

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import as_html, as_latex, as_markdown, as_text, write_csv
from cxrclf.metrics import Estimate

_SHOWN = 15  # rows in the text of a report
_SHOWN_HTML = 200  # rows on a page
_WIDTH = 60  # letters in a cell of the text
# Names of columns, and what pages and documents show instead.
_HEADERS = {
    "n_train": "training images",
    "n_test": "test images",
    "n_images": "images",
    "n_classes": "classes",
    "same_patient": "same patient",
    "exact_copy": "exact copy",
    "near_copy": "near copy",
    "test_images": "test images",
    "test_class": "class of the test image",
    "train_class": "class of the training image",
    "balanced_accuracy": "balanced accuracy",
    "row_a": "row A",
    "row_b": "row B",
    "image_a": "image A",
    "image_b": "image B",
    "f1": "F1",
    "auc": "AUC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "ECE",
    "ece_null": "ECE by chance",
    "standardized_difference": "standardized difference",
}
_HEADERS |= {
    f"{side}_{old}": f"{side} {_HEADERS.get(old, old)}"
    for side in ("internal", "external")
    for old in ("auc", "images", "median", "patients", "sensitivity", "specificity")
}
_UNIT = re.compile(r"(?<=\d) (?=%|(?:s|min|h|ms|MB)\b)")


class ReportTable:
    """Columns of equal length with a caption.

    Parameters
    ----------
    columns : dict of str to sequence
        Values of each column. A value is a text, a number, or an
        :class:`~cxrclf.metrics.Estimate`, which is a number with the bounds of its
        interval.
    caption : str, default=""
        Sentence that explains the table.
    max_letters : int, default=120
        Largest number of letters in a cell of a page. The middle of a longer text is
        left out. Files have the whole text.

    Attributes
    ----------
    columns : dict of str to list
        Values of each column.
    caption : str
        Sentence that explains the table.
    max_letters : int
        Parameter of the same name.

    Raises
    ------
    ValueError
        If there are no columns, or if they have different lengths.

    Examples
    --------
    >>> from cxrclf.audit import ReportTable
    >>> table = ReportTable({"kind": ["exact", "flipped"], "correlation": [1.0, 0.993]})
    >>> print(table)
    kind     correlation
    exact          1.000
    flipped        0.993
    >>> len(table)
    2
    """

    def __init__(self, columns, caption="", *, max_letters=120):
        self.columns = {
            str(name): [_to_plain(value) for value in values]
            for name, values in columns.items()
        }
        self.caption = caption
        self.max_letters = max_letters
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(
                f"A table needs one or more columns of equal length, got {lengths}."
            )

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name):
        """Return the values of a column."""
        if name not in self.columns:
            raise KeyError(f"No column {name!r}. The columns are {list(self.columns)}.")
        return self.columns[name]

    def __str__(self):
        lines = self._format_lines(_SHOWN, _WIDTH)
        more = len(self) - len(lines)
        text = as_text(list(self.columns), lines)
        return text + (f"\n... and {more} more rows" if more > 0 else "")

    def __repr__(self):
        return f"<ReportTable of {len(self)} rows: {', '.join(self.columns)}>"

    def _repr_html_(self):
        lines = self._format_lines(_SHOWN_HTML, self.max_letters, _format_for_page)
        more = len(self) - len(lines)
        footer = [f"… and {more} more rows. to_csv and to_dict have all."]
        footer = footer if more > 0 else []
        texts = [
            number
            for number, values in enumerate(self.columns.values())
            if all(isinstance(value, str) for value in values)
        ]
        return as_html(self._headers, lines, footer, texts)

    @property
    def _headers(self):
        """Names of the columns in words."""
        return [_HEADERS.get(name, name) for name in self.columns]

    def to_frame(self):
        """Return the table as a data frame.

        Returns
        -------
        pandas.DataFrame
            One row per row of the table. A column of estimates has two additional
            columns for the bounds, ``<name>_low`` and ``<name>_high``.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="ReportTable.to_frame"
        )
        return pandas.DataFrame(self._expand())

    def to_markdown(self):
        """Return all rows as a Markdown table.

        Returns
        -------
        str
        """
        return as_markdown(self._headers, self._format_lines(len(self)))

    def to_latex(self):
        """Return all rows as a LaTeX table.

        Returns
        -------
        str
            ``tabular`` environment with the rules of the package booktabs.
        """
        return as_latex(self._headers, self._format_lines(len(self)))

    def to_csv(self, path):
        """Write the table to a CSV file, completely or not at all.

        Parameters
        ----------
        path : path-like
            File to write. Numbers are written in full precision.
        """
        columns = self._expand()
        write_csv(path, list(columns), list(zip(*columns.values(), strict=True)))

    def to_dict(self):
        """Return the columns with plain numbers, for JSON.

        Returns
        -------
        dict of str to list
            Columns as in :meth:`to_frame`. nan and infinity are None.
        """
        return {
            name: [None if _is_undefined(value) else value for value in values]
            for name, values in self._expand().items()
        }

    def _expand(self):
        """Return the columns with the bounds of estimates in columns of their own."""
        expanded = {}
        for name, values in self.columns.items():
            if any(_is_estimate(value) for value in values):
                estimates = [
                    value if _is_estimate(value) else (value, np.nan, np.nan)
                    for value in values
                ]
                for suffix, part in zip(
                    ("", "_low", "_high"), zip(*estimates, strict=True), strict=True
                ):
                    expanded[name + suffix] = list(part)
            else:
                expanded[name] = values
        return expanded

    def _format_lines(self, n, width=None, format_=None):
        """Return the first n rows as text, with cells of at most `width` letters."""
        format_ = format_ or _format_value
        columns = [
            [_shorten(format_(value), width) for value in values[:n]]
            for values in self.columns.values()
        ]
        return [list(line) for line in zip(*columns, strict=True)]


def format_estimate(estimate):
    """Return a number with its interval as text: "0.912 [0.874, 0.941]"."""
    value, low, high = estimate
    if np.isnan(low) and np.isnan(high):
        return f"{value:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _shorten(text, width):
    """Return the beginning and the end of a text that is too long."""
    if width is None or len(text) <= width:
        return text
    half = width // 2 - 1
    return f"{text[:half]} … {text[-half:]}"


def _format_value(value):
    if _is_estimate(value):
        return format_estimate(value)
    if isinstance(value, Real) and not isinstance(value, (bool, Integral)):
        return f"{value:.3f}"
    return "" if value is None else str(value)


def _format_for_page(value):
    """Return a value as text in which an interval is not broken into two lines."""
    text = _format_value(value)
    if _is_estimate(value):
        return text.replace(", ", ",\N{NO-BREAK SPACE}")
    return tie_units(text)


def tie_units(text):
    """Return text in which a number and its unit remain in one line."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def _is_estimate(value):
    return isinstance(value, tuple) and len(value) == 3


def _is_undefined(value):
    return isinstance(value, float) and not np.isfinite(value)


def _to_plain(value):
    """Return a number of NumPy as a number of Python, also in an estimate."""
    if _is_estimate(value):
        return Estimate(*map(_to_plain, value))
    return value.item() if isinstance(value, np.generic) else value
