"""Table of the scores of subgroups of patients."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, write_csv
from cxrclf.metrics._checks import check_bound_names
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._forest_plot import forest_plot
from cxrclf.metrics._score_table import format_score
from cxrclf.metrics._subgroup_columns import name_value
from cxrclf.metrics._subgroup_gaps import SubgroupGaps
from cxrclf.metrics._text_table import TextTable

ALL = "all"  # name of the row of all samples


class SubgroupRow(NamedTuple):
    """Scores of one subgroup.

    Attributes
    ----------
    by : str
        Name of the column, or "" for all samples.
    subgroup : str
        Name of the subgroup.
    n_images, n_patients : int
        Number of images and of patients.
    counts : tuple of int
        Number of images of each class.
    estimates : dict of str to Estimate
        Scores with their intervals.
    small : frozenset of str
        Names of the scores that come from too few patients.
    """

    by: str
    subgroup: str
    n_images: int
    n_patients: int
    counts: tuple[int, ...]
    estimates: dict[str, Estimate]
    small: frozenset[str]


class SubgroupTable(TextTable):
    """Scores of subgroups of patients, with intervals and gaps.

    :func:`subgroup_table` makes a table. A table is immutable.

    Parameters
    ----------
    rows : sequence of SubgroupRow
        Scores of all samples, followed by the subgroups.
    classes : sequence
        Classes of the counts.
    gaps : SubgroupGaps
        Differences between subgroups.
    min_patients : int
        Number of patients below which a score is marked.
    confidence_level : float
        Confidence level of the intervals.

    Raises
    ------
    ValueError
        If a score has the name of a bound of another score.

    Attributes
    ----------
    rows : tuple of (str, str)
        Column and subgroup of each row. The first row is ``("", "all")``.
    scores : tuple of str
        Names of the scores.
    gaps : SubgroupGaps
        Differences between the highest and the lowest score of each column:
        ``table.gaps["sex", "auc_covid"]``.
    min_patients, confidence_level
        Parameters of the same names.

    See Also
    --------
    classification_table : Score all samples together.
    """

    def __init__(
        self,
        rows: Sequence[SubgroupRow],
        classes: Sequence[Any],
        gaps: SubgroupGaps,
        min_patients: int,
        confidence_level: float,
    ):
        self._lines = tuple(rows)
        self._classes = tuple(str(label) for label in classes)
        self._gaps = gaps
        self._min_patients = min_patients
        self._confidence_level = confidence_level
        check_bound_names(self._names())

    @property
    def gaps(self) -> SubgroupGaps:
        """Differences between subgroups."""
        return self._gaps

    @property
    def min_patients(self) -> int:
        """Number of patients below which a score is marked."""
        return self._min_patients

    @property
    def confidence_level(self) -> float:
        """Confidence level of the intervals."""
        return self._confidence_level

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Column and subgroup of each row."""
        return tuple((line.by, line.subgroup) for line in self._lines)

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores."""
        return tuple(self._lines[0].estimates)

    def interval(self, by: str, subgroup: Any, score: str) -> Estimate:
        """Return one score with its interval.

        Parameters
        ----------
        by : str
            Name of the column, or "" for all samples.
        subgroup : str, number or bool
            Name or value of the subgroup, or "all".
        score : str
            Name of the score.

        Returns
        -------
        Estimate
            Score and its bounds.

        Raises
        ------
        KeyError
            If the row or the score does not exist.
        """
        key = (by, name_value(subgroup))
        if key not in self.rows:
            raise KeyError(f"No subgroup {key}. The subgroups are {list(self.rows)}.")
        if score not in self.scores:
            raise KeyError(f"No score {score!r}. The scores are {list(self.scores)}.")
        return self._lines[self.rows.index(key)].estimates[score]

    def __str__(self) -> str:
        return f"{super().__str__()}\n\n{self.gaps}"

    def __repr__(self) -> str:
        return (
            f"<SubgroupTable of {len(self._lines) - 1} subgroups, scores "
            f"{', '.join(self.scores)}>"
        )

    def _repr_html_(self) -> str:
        return super()._repr_html_() + self.gaps._repr_html_()

    def to_markdown(self) -> str:
        """Return the table and the table of the gaps as Markdown.

        Returns
        -------
        str
            Two tables, each with its footnotes.
        """
        return f"{super().to_markdown()}\n\n{self.gaps.to_markdown()}"

    def to_latex(self) -> str:
        """Return the table and the table of the gaps as LaTeX.

        Returns
        -------
        str
            Two ``tabular`` environments with the rules of the package booktabs.
        """
        return f"{super().to_latex()}\n\n{self.gaps.to_latex()}"

    def to_frame(self) -> Any:
        """Return the scores as a data frame. ``table.gaps.to_frame()`` has the gaps.

        Returns
        -------
        pandas.DataFrame
            One row per subgroup, with the columns ``by``, ``subgroup``, ``images``,
            ``patients``, ``images_<class>``, and for each score ``<score>``,
            ``<score>_low``, ``<score>_high`` and ``<score>_small``, which is True if
            the score comes from too few patients.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="SubgroupTable.to_frame"
        )
        return pandas.DataFrame(self._list_cells(), columns=self._names())

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the scores to a CSV file, completely or not at all.

        The columns are the same as in :meth:`to_frame`. Undefined scores are empty
        cells, and ``<score>_small`` is 0 or 1. ``table.gaps.to_csv`` writes the gaps.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        lines = [
            [*cells[:2], *map(csv_cell, cells[2:])] for cells in self._list_cells()
        ]
        write_csv(path, self._names(), lines)

    def plot(self, score: str | None = None, *, figure: Any = None) -> Any:
        """Draw the scores of the subgroups with their intervals (a forest plot).

        Parameters
        ----------
        score : str, default=None
            Name of the score. None draws all scores side by side.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        matplotlib Figure
            Figure with one panel per score. Hollow markers are scores of too few
            patients.

        Raises
        ------
        KeyError
            If the score does not exist.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if score is not None and score not in self.scores:
            raise KeyError(f"No score {score!r}. The scores are {list(self.scores)}.")
        names = self.scores if score is None else (score,)
        return forest_plot(
            [_name_row(line) for line in self._lines],
            {
                name: [
                    (line.estimates[name], name in line.small) for line in self._lines
                ]
                for name in names
            },
            figure,
        )

    def _names(self) -> list[str]:
        """Return the names of the columns of the data frame."""
        names = ["by", "subgroup", "images", "patients"]
        names += [f"images_{label}" for label in self._classes]
        for score in self.scores:
            names += [score, f"{score}_low", f"{score}_high", f"{score}_small"]
        return names

    def _list_cells(self) -> list[list[Any]]:
        """Return the lines of the data frame."""
        lines = []
        for line in self._lines:
            cells: list[Any] = [*line[:4], *line.counts]
            for score, estimate in line.estimates.items():
                cells += [*estimate, score in line.small]
            lines.append(cells)
        return lines

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the lines of the table as text."""
        header = ["", "images", "patients", *self._classes, *self.scores]
        lines = []
        for line in self._lines:
            cells = [_name_row(line), *map(str, line[2:4]), *map(str, line.counts)]
            for score, estimate in line.estimates.items():
                mark = "*" if score in line.small else ""
                cells.append(format_score(estimate) + mark)
            lines.append(cells)
        return header, lines

    def _format_footer(self) -> list[str]:
        """Return the lines below the table."""
        level = f"{100 * self.confidence_level:g} %"
        lines = [f"[low, high]: {level} confidence intervals."]
        if any(line.small for line in self._lines):
            lines.append(
                f"*: fewer than {self.min_patients} patients with the class, without "
                "it or predicted as it. These scores are left out of the gaps."
            )
        return lines


def _name_row(line: SubgroupRow) -> str:
    """Return the name of a row: "sex = F", or "all"."""
    return f"{line.by} = {line.subgroup}" if line.by else line.subgroup
