"""Table of the calibration of each class."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, position, write_csv
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._score_table import format_score
from cxrclf.metrics._text_table import TextTable


class CalibrationTable(TextTable):
    """Scores of the calibration of each class, with intervals.

    :func:`calibration_scores` makes this table.

    Parameters
    ----------
    scores : mapping of str to mapping of str to Estimate
        Scores by the name of the row and the name of the score. All rows have the same
        scores.
    n_images : int
        Number of images.
    n_patients : int
        Number of patients.
    confidence_level : float
        Confidence level of the intervals.

    Attributes
    ----------
    rows : tuple of str
        Names of the classes, followed by ``"overall"``.
    columns : tuple of str
        Names of the scores.
    n_images, n_patients, confidence_level
        Parameters of the same names.

    Examples
    --------
    >>> from cxrclf.metrics import calibration_scores
    >>> y_true, y_proba = [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]
    >>> table = calibration_scores(y_true, y_proba, n_bins=2)
    >>> round(table["overall", "brier"].value, 3)
    0.185
    """

    def __init__(
        self,
        scores: Mapping[str, Mapping[str, Estimate]],
        *,
        n_images: int,
        n_patients: int,
        confidence_level: float,
    ):
        self._scores = {row: dict(line) for row, line in scores.items()}
        self.n_images = n_images
        self.n_patients = n_patients
        self.confidence_level = confidence_level

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the classes, followed by ``"overall"``."""
        return tuple(self._scores)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the scores."""
        return tuple(next(iter(self._scores.values())))

    def __getitem__(self, key: tuple[Any, str]) -> Estimate:
        """Return one score with its interval: ``table["covid", "slope"]``."""
        i, j = position(self.rows, self.columns, key)
        return self._scores[self.rows[i]][self.columns[j]]

    def __repr__(self) -> str:
        return (
            f"<CalibrationTable of {len(self.rows) - 1} classes, {self.n_images} "
            f"images of {self.n_patients} patients>"
        )

    def to_frame(self) -> Any:
        """Return the scores as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_classes + 1, 3 * n_columns)
            One row per class, and the overall scores. Each score has the columns
            `<score>`, `<score>_low` and `<score>_high`.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="CalibrationTable.to_frame"
        )
        names, values = self._number_columns()
        return pandas.DataFrame(values, index=list(self.rows), columns=names)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the scores to a CSV file, completely or not at all.

        The columns are the same as in :meth:`to_frame`, after the column ``class``.
        Undefined values are empty cells.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        names, values = self._number_columns()
        lines = [
            [row, *map(csv_cell, line)]
            for row, line in zip(self.rows, values, strict=True)
        ]
        write_csv(path, ["class", *names], lines)

    def _number_columns(self) -> tuple[list[str], list[list[float]]]:
        """Return the names of all columns, and the numbers of each row."""
        names = [f"{c}{end}" for c in self.columns for end in ("", "_low", "_high")]
        values = [
            [number for column in self.columns for number in line[column]]
            for line in self._scores.values()
        ]
        return names, values

    def _format_cells(self) -> tuple[list[str], Sequence[list[str]]]:
        lines = [
            [row, *(_format(line[column]) for column in self.columns)]
            for row, line in self._scores.items()
        ]
        return ["", *self.columns], lines

    def _format_footer(self) -> list[str]:
        return [
            f"[low, high]: {100 * self.confidence_level:g} % intervals, "
            f"{self.n_images} images of {self.n_patients} patients.",
            "ece_null: ECE of perfectly calibrated probabilities of as many images.",
        ]


def _format(estimate: Estimate) -> str:
    return format_score(estimate[:1] if np.isnan(estimate.low) else estimate)
