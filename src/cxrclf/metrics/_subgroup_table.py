"""Scores of subgroups of patients, and the gaps between them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cxrclf._utils.checks import check_int, check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, write_csv
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import SmallSubgroupWarning
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._forest_plot import forest_plot
from cxrclf.metrics._holm import holm
from cxrclf.metrics._named_score import NamedScore
from cxrclf.metrics._predictions import Predictions
from cxrclf.metrics._score_columns import SampleScores
from cxrclf.metrics._score_table import format_score
from cxrclf.metrics._subgroup_columns import SubgroupColumn, subgroup_columns
from cxrclf.metrics._subgroup_gaps import (
    GroupScore,
    SubgroupGap,
    SubgroupGaps,
    find_gap,
    pair_level,
)
from cxrclf.metrics._text_table import TextTable

_ALL = "all"


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

    Attributes
    ----------
    rows : tuple of (str, str)
        Column and subgroup of each row. The first row is ``("", "all")``.
    scores : tuple of str
        Names of the scores.
    gaps : SubgroupGaps
        Differences between the highest and the lowest score of each column:
        ``table.gaps["sex", "auc_covid"]``.

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
        self.gaps = gaps
        self.min_patients = min_patients
        self.confidence_level = confidence_level

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
        subgroup : str or value
            Name of the subgroup, or "all".
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
        key = (by, str(subgroup))
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
                f"*: fewer than {self.min_patients} patients with or without the "
                "class. These scores are left out of the gaps."
            )
        return lines


def subgroup_table(
    y_true: Any,
    y_pred: Any,
    y_score: Any = None,
    *,
    by: Any,
    groups: Any = None,
    labels: Any = None,
    scores: str | Iterable[str] | None = None,
    bands: Mapping[str, Sequence[float]] | None = None,
    min_patients: int = 10,
    confidence_level: float = 0.95,
) -> SubgroupTable:
    """Score subgroups of patients, and the gaps between them.

    Read more in the :ref:`User Guide <subgroups>`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    y_score : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities, in the form of :func:`classification_table`.
    by : mapping of str to array-like of shape (n,), or data frame of n rows
        Columns of subgroups, such as sex, age, view, scanner and source. Missing values
        are the subgroup "unknown".
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    labels : array-like of shape (n_classes,), default=None
        All classes. By default, the labels in `y_true` and `y_pred`.
    scores : str or iterable of str, default=None
        Names of the scores, as :func:`scorers` names them: ``"accuracy"``,
        ``"balanced_accuracy"``, ``"macro_<score>"`` or ``"<score>_<class>"``. By
        default, the sensitivity of each class, and the AUC of each class if there are
        `y_score`.
    bands : mapping of str to sequence of float, default=None
        Increasing edges of the bands of columns of numbers: ``{"age": [18, 65]}``. A
        column named "age" has the edges 2, 12, 18, 40 and 65 years by default. Other
        columns with more than 10 different numbers need edges.
    min_patients : int, default=10
        Smallest number of patients for a gap. A sensitivity needs this number of
        patients with the class, a specificity of patients without it, and other scores
        of a class need both. Means over classes need it for each class.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    SubgroupTable
        Number of images, of patients and of images of each class, and the scores with
        intervals, for all samples and for each subgroup. `gaps` has the difference
        between the highest and the lowest score for each column and score.

    Warns
    -----
    SmallSubgroupWarning
        If subgroups have too few patients. Their scores are shown with a mark, and are
        left out of the gaps.

    Raises
    ------
    TypeError, ValueError
        If labels, scores or patient ids are invalid, see :class:`Predictions`, if `by`
        or `bands` does not fit, or if a score does not exist.

    See Also
    --------
    classification_table : Score all samples together.

    Notes
    -----
    Intervals are the same as in :func:`classification_table`. The interval of a gap
    comes from the bounds of both scores [1]_. If a patient has images in both
    subgroups, for instance of two views, the correlation of the scores is part of it.

    The largest of many differences is large by chance. The intervals and p-values of a
    gap are therefore corrected for the number of pairs of subgroups (Bonferroni). The
    p-value comes from the interval [2]_: it is below ``1 - confidence_level`` if the
    interval lies above 0. `adjusted_p_value` is corrected for the number of gaps in the
    table as well, by :func:`holm`.

    Sensitivities of subgroups can be compared at one threshold. An AUC can be equal in
    two subgroups that need different thresholds. Compare both.

    References
    ----------
    .. [1] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27, 2008.
    .. [2] D. G. Altman and J. M. Bland, "How to obtain the P value from a confidence
       interval", BMJ 343, d2304, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import subgroup_table
    >>> y_true = np.tile(["covid", "normal"], 40)
    >>> sex = np.repeat(["F", "M"], 40)
    >>> missed = (sex == "F") & (np.arange(80) % 4 == 0)
    >>> y_pred = np.where(missed, "normal", y_true)
    >>> table = subgroup_table(y_true, y_pred, by={"sex": sex},
    ...                        scores="sensitivity_covid")
    >>> print(table)
             images  patients  covid  normal     sensitivity_covid
    all          80        80     40      40  0.750 [0.598, 0.858]
    sex = F      40        40     20      20  0.500 [0.299, 0.701]
    sex = M      40        40     20      20  1.000 [0.839, 1.000]
    [low, high]: 95 % confidence intervals.
    <BLANKLINE>
    by               score  highest  lowest                   gap       p  p (Holm)
    sex  sensitivity_covid        M       F  0.500 [0.243, 0.701]  <0.001    <0.001
    Gap: highest minus lowest score, 95 % confidence intervals.
    Intervals and p are corrected for the choice of the pair.
    """
    check_level(confidence_level)
    check_int(min_patients, "min_patients", 1)
    found = Predictions(y_true, y_pred, y_score, classes=labels, groups=groups)
    columns = subgroup_columns(by, len(found), bands)
    classes = found.classes.tolist()
    samples = SampleScores(
        found.y_true[:, None] == found.classes,
        found.y_pred[:, None] == found.classes,
        found.y_score,
        index_patients(found.groups, len(found)),
    )
    named = _choose_scores(scores, classes, found.y_score is not None)
    everyone = np.ones(len(found), dtype=bool)
    rows = [
        _score_row("", _ALL, samples, everyone, named, min_patients, confidence_level)
    ]
    gaps: list[SubgroupGap] = []
    for column in columns:
        of_column = [
            _score_row(
                column.name,
                subgroup,
                samples,
                column.codes == code,
                named,
                min_patients,
                confidence_level,
            )
            for code, subgroup in enumerate(column.subgroups)
        ]
        rows += of_column
        gaps += _find_gaps(column, of_column, samples, named, confidence_level)
    _warn_of_small(rows[1:], min_patients)
    adjusted = holm([gap.p_value for gap in gaps])
    gaps = [
        gap._replace(adjusted_p_value=float(p))
        for gap, p in zip(gaps, adjusted, strict=True)
    ]
    return SubgroupTable(
        rows,
        classes,
        SubgroupGaps(gaps, confidence_level),
        min_patients,
        confidence_level,
    )


def _choose_scores(
    scores: str | Iterable[str] | None, classes: list, has_scores: bool
) -> list[NamedScore]:
    """Return the scores by their names."""
    if scores is None:
        kinds = ("sensitivity", "auc") if has_scores else ("sensitivity",)
        scores = [f"{kind}_{label}" for kind in kinds for label in classes]
    names = [scores] if isinstance(scores, str) else list(dict.fromkeys(scores))
    if not names:
        raise ValueError('scores is empty. Pass a name such as "balanced_accuracy".')
    return [NamedScore(name, classes, has_scores) for name in names]


def _select(samples: SampleScores, rows: np.ndarray) -> SampleScores:
    """Return the samples of a mask."""
    return SampleScores(
        samples.is_true[rows],
        samples.is_pred[rows],
        None if samples.scores is None else samples.scores[rows],
        samples.patients[rows],
    )


def _score_row(
    by: str,
    subgroup: str,
    samples: SampleScores,
    rows: np.ndarray,
    named: list[NamedScore],
    min_patients: int,
    level: float,
) -> SubgroupRow:
    """Return the counts and scores of a subgroup."""
    chosen = _select(samples, rows)
    return SubgroupRow(
        by,
        subgroup,
        len(chosen.patients),
        len(np.unique(chosen.patients)),
        tuple(chosen.is_true.sum(axis=0).tolist()),
        {score.name: score.compute(chosen, level)[0] for score in named},
        frozenset(
            score.name for score in named if score.count_patients(chosen) < min_patients
        ),
    )


def _find_gaps(
    column: SubgroupColumn,
    rows: list[SubgroupRow],
    samples: SampleScores,
    named: list[NamedScore],
    level: float,
) -> list[SubgroupGap]:
    """Return the gap of each score between the subgroups that are large enough."""
    gaps = []
    n_patients = int(samples.patients.max()) + 1
    for score in named:
        large = [code for code, row in enumerate(rows) if score.name not in row.small]
        if len(large) < 2:
            continue
        compared = []
        for code in large:
            chosen = _select(samples, column.codes == code)
            estimate, influence = score.compute(chosen, pair_level(level, len(large)))
            if not np.isnan(estimate.value):
                sums = np.bincount(chosen.patients, influence, n_patients)
                compared.append(GroupScore(column.subgroups[code], estimate, sums))
        if len(compared) > 1:
            gaps.append(find_gap(column.name, score.name, compared, level))
    return gaps


def _warn_of_small(rows: list[SubgroupRow], min_patients: int) -> None:
    """Warn about subgroups with scores of too few patients."""
    small = [f"{row.by} = {row.subgroup}" for row in rows if row.small]
    if small:
        warn_user(
            f"{len(small)} subgroups have fewer than {min_patients} patients with a "
            f"class, or without it: {', '.join(small)}. Their scores are marked and "
            "left out of the gaps. Join subgroups, or collect more patients.",
            SmallSubgroupWarning,
        )


def _name_row(line: SubgroupRow) -> str:
    """Return the name of a row: "sex = F", or "all"."""
    return f"{line.by} = {line.subgroup}" if line.by else line.subgroup
