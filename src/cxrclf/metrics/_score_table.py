"""Table of the scores of each class."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, format_name, position, write_csv
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._table_intervals import TableIntervals
from cxrclf.metrics._text_table import TextTable

MACRO_AVERAGE = "macro average"


class ScoreTable(TextTable):
    """Scores of each class, their macro average, and overall scores.

    :func:`classification_table`, :func:`table_from_confusion` and
    :func:`table_from_counts` make a table. A table is immutable. Scores are fractions
    in [0, 1]. An undefined score is nan.

    Parameters
    ----------
    classes : sequence
        Classes, one per row. Their names are their ``str()``.
    columns : sequence of str
        Names of the scores.
    values : array-like of shape (n_classes + 1, n_columns)
        Scores of each class, with the macro average in the last row.
    overall : mapping of str to float
        Scores of all classes together.
    intervals : object, default=None
        Bounds that :func:`classification_table` computes with ``intervals=True``. None
        makes a table without intervals.

    Attributes
    ----------
    rows : tuple of str
        Names of the classes, followed by ``"macro average"``.
    columns : tuple of str
        Names of the scores.
    values : ndarray of shape (n_classes + 1, n_columns), read-only
        Scores of each class, with the macro average in the last row.
    overall : dict of str to float
        Scores of all classes together: `accuracy` and `balanced_accuracy`.
    has_intervals : bool
        Whether the table has confidence intervals.
    overall_intervals : dict of str to Estimate
        Overall scores with their intervals. It is empty for a table without intervals.
    confidence_level : float or None
        Confidence level of the intervals.

    Raises
    ------
    ValueError
        If two rows or two columns have the same name, or if the shape of `values` does
        not fit.

    See Also
    --------
    fold_summary : Mean and standard deviation of several tables.

    Examples
    --------
    >>> from cxrclf.metrics import table_from_confusion
    >>> table = table_from_confusion([[8, 2], [1, 9]], ["covid", "normal"])
    >>> table["covid", "sensitivity"]
    0.8
    >>> print(table)
                   accuracy  precision  sensitivity  specificity     f1  support
    covid             0.850      0.889        0.800        0.900  0.842       10
    normal            0.850      0.818        0.900        0.800  0.857       10
    macro average     0.850      0.854        0.850        0.850  0.850       20
    overall accuracy 0.850, balanced accuracy 0.850
    """

    def __init__(
        self,
        classes: Sequence[Any],
        columns: Sequence[str],
        values: Any,
        overall: Mapping[str, float],
        *,
        intervals: TableIntervals | None = None,
    ):
        self._rows = (*(str(label) for label in classes), MACRO_AVERAGE)
        self._columns = tuple(columns)
        self._values = np.array(values, dtype=float)
        self._values.setflags(write=False)
        self._overall = {name: float(value) for name, value in overall.items()}
        for names in (self._rows, self._columns):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(
                    f"Rows and columns must have different names, got {repeated} more "
                    "than once. Rename the class."
                )
        if self._values.shape != (len(self._rows), len(self._columns)):
            raise ValueError(
                f"Expected values of shape {(len(self._rows), len(self._columns))} "
                f"(classes and macro average, scores), got {self._values.shape}."
            )
        self._intervals = intervals

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the classes, followed by ``"macro average"``."""
        return self._rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the scores."""
        return self._columns

    @property
    def values(self) -> np.ndarray:
        """Scores as a read-only array of shape (n_classes + 1, n_columns)."""
        return self._values

    @property
    def overall(self) -> dict[str, float]:
        """Scores of all classes together."""
        return dict(self._overall)

    def __getitem__(self, key: tuple[Any, str]) -> float:
        """Return one score: ``table["covid", "sensitivity"]``."""
        return float(self._values[position(self._rows, self._columns, key)])

    @property
    def has_intervals(self) -> bool:
        """Whether the table has confidence intervals."""
        return self._intervals is not None

    @property
    def overall_intervals(self) -> dict[str, Estimate]:
        """Overall scores with their intervals."""
        if self._intervals is None:
            return {}
        return {
            name: Estimate(self._overall[name], *bounds)
            for name, bounds in self._intervals.overall.items()
        }

    @property
    def confidence_level(self) -> float | None:
        """Confidence level of the intervals, or None without intervals."""
        return None if self._intervals is None else self._intervals.confidence_level

    def interval(self, row: Any, column: str) -> Estimate:
        """Return one score with its interval: ``table.interval("covid", "auc")``.

        Parameters
        ----------
        row : str or label
            Class, or ``"macro average"``.
        column : str
            Name of the score.

        Returns
        -------
        Estimate
            Score and its bounds. Bounds of `support` are nan.

        Raises
        ------
        KeyError
            If the row or the column does not exist.
        ValueError
            If the table has no intervals.
        """
        i, j = position(self._rows, self._columns, (row, column))
        if self._intervals is None:
            raise ValueError(
                "This table has no intervals. Use classification_table(y_true, y_pred, "
                "y_score, intervals=True)."
            )
        low, high = self._intervals.bounds[i, j].tolist()
        return Estimate(float(self._values[i, j]), low, high)

    def __repr__(self) -> str:
        return (
            f"<ScoreTable of {len(self._rows) - 1} classes, {len(self._columns)} "
            f"scores: {self._format_footer()[0]}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as nested dictionaries.

        Returns
        -------
        dict
            ``"classes"`` is ``{row: {column: score}}``, with the macro average.
            ``"overall"`` is ``{name: score}``. With intervals, there are also the
            columns and names of :meth:`to_frame`, such as ``f1_low``.
        """
        header, lines = self._number_columns()
        overall: dict[str, float] = {}
        for name, cells in self._overall_cells():
            names = (name, f"{name}_low", f"{name}_high")[: len(cells)]
            overall |= zip(names, cells, strict=True)
        return {
            "classes": {
                row: dict(zip(header, line, strict=True))
                for row, line in zip(self._rows, lines.tolist(), strict=True)
            },
            "overall": overall,
        }

    def to_frame(self) -> Any:
        """Return the scores as a data frame, without the overall scores.

        Returns
        -------
        pandas.DataFrame of shape (n_classes + 1, n_columns)
            One row per class, and the macro average. With intervals, the columns
            ``<score>_low`` and ``<score>_high`` follow each score.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="ScoreTable.to_frame"
        )
        header, lines = self._number_columns()
        return pandas.DataFrame(lines, index=list(self._rows), columns=header)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a CSV file.

        The file is written completely or not at all. Scores are written in full
        precision. Undefined scores are empty cells. The columns are the same as in
        :meth:`to_frame`. The overall scores are two additional rows, `overall accuracy`
        and `balanced accuracy`, with their values in the columns of the accuracy.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        header, numbers = self._number_columns()
        lines = [
            [row, *(csv_cell(value) for value in line)]
            for row, line in zip(self._rows, numbers, strict=True)
        ]
        for name, cells in self._overall_cells():
            empty = [""] * (len(header) - len(cells))
            lines.append([format_name(name), *map(csv_cell, cells), *empty])
        write_csv(path, ["class", *header], lines)

    def _number_columns(self) -> tuple[list[str], np.ndarray]:
        """Return the names and numbers of all columns, with the bounds."""
        if self._intervals is None:
            return list(self._columns), self._values.copy()
        names, numbers = [], []
        for j, column in enumerate(self._columns):
            names.append(column)
            numbers.append(self._values[:, j])
            if column != "support":
                names += [f"{column}_low", f"{column}_high"]
                numbers += [*self._intervals.bounds[:, j].T]
        return names, np.column_stack(numbers)

    def _overall_cells(self) -> list[tuple[str, list[float]]]:
        """Return the overall scores, followed by their bounds if there are any."""
        bounds = {} if self._intervals is None else self._intervals.overall
        return [
            (name, [value, *bounds.get(name, ())])
            for name, value in self._overall.items()
        ]

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the lines of the table as text."""
        lines = []
        for i, row in enumerate(self._rows):
            cells = [row]
            for j, column in enumerate(self._columns):
                value = self._values[i, j]
                if column == "support":
                    cells.append(f"{value:.0f}")
                elif self._intervals is None:
                    cells.append(format_score([value]))
                else:
                    cells.append(format_score([value, *self._intervals.bounds[i, j]]))
            lines.append(cells)
        return ["", *self._columns], lines

    def _format_footer(self) -> list[str]:
        """Return the lines below the table."""
        overall = ", ".join(
            f"{format_name(name)} {format_score(cells)}"
            for name, cells in self._overall_cells()
        )
        if self._intervals is None:
            return [overall]
        n = int(self._values[-1, -1])
        return [overall, describe_intervals(self._intervals, n)]


def format_score(cells: Sequence[float]) -> str:
    """Format a score: ``0.941``, or with its bounds ``0.941 [0.921, 0.957]``."""
    value, *bounds = cells
    if not bounds or np.isnan(value):
        return f"{value:.3f}"
    low, high = bounds
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def describe_intervals(intervals: TableIntervals, n: int) -> str:
    """Return the line that explains the intervals of a table of n samples."""
    patients = (
        "" if intervals.n_patients is None else f" of {intervals.n_patients} patients"
    )
    level = 100 * intervals.confidence_level
    return f"[low, high]: {level:g} % confidence intervals, {n} samples{patients}."
