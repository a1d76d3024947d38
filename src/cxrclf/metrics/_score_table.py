"""Table of the scores of each class."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import (
    as_html,
    as_text,
    csv_cell,
    format_name,
    position,
    write_csv,
)

MACRO_AVERAGE = "macro average"


class ScoreTable:
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

    def __str__(self) -> str:
        return as_text(*self._format_cells()) + "\n" + self._format_footer()

    def __repr__(self) -> str:
        return (
            f"<ScoreTable of {len(self._rows) - 1} classes, {len(self._columns)} "
            f"scores: {self._format_footer()}>"
        )

    def _repr_html_(self) -> str:
        return as_html(*self._format_cells(), [self._format_footer()])

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as nested dictionaries.

        Returns
        -------
        dict
            ``"classes"`` is ``{row: {column: score}}``, with the macro average.
            ``"overall"`` is ``{name: score}``.
        """
        return {
            "classes": {
                row: dict(zip(self._columns, line, strict=True))
                for row, line in zip(self._rows, self._values.tolist(), strict=True)
            },
            "overall": self.overall,
        }

    def to_frame(self) -> Any:
        """Return the scores as a data frame, without the overall scores.

        Returns
        -------
        pandas.DataFrame of shape (n_classes + 1, n_columns)
            One row per class, and the macro average.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="ScoreTable.to_frame"
        )
        return pandas.DataFrame(
            self._values.copy(), index=list(self._rows), columns=list(self._columns)
        )

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a CSV file.

        The file is written completely or not at all. Scores are written in full
        precision. Undefined scores are empty cells. The overall scores are two
        additional rows, `overall accuracy` and `balanced accuracy`, with their values
        in the column `accuracy`.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        lines = [
            [row, *(csv_cell(value) for value in line)]
            for row, line in zip(self._rows, self._values, strict=True)
        ]
        empty = [""] * (len(self._columns) - 1)
        lines += [
            [format_name(name), csv_cell(value), *empty]
            for name, value in self._overall.items()
        ]
        write_csv(path, ["class", *self._columns], lines)

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the lines of the table as text."""
        lines = [
            [row]
            + [
                f"{value:.0f}" if column == "support" else f"{value:.3f}"
                for column, value in zip(self._columns, line, strict=True)
            ]
            for row, line in zip(self._rows, self._values, strict=True)
        ]
        return ["", *self._columns], lines

    def _format_footer(self) -> str:
        """Return the line of the overall scores."""
        return ", ".join(
            f"{format_name(name)} {value:.3f}" for name, value in self._overall.items()
        )
