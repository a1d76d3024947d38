"""Mean and standard deviation of score tables over folds."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cxrclf._utils.checks import check_level
from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, format_name, position, write_csv
from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._score_table import ScoreTable, format_score
from cxrclf.metrics._text_table import TextTable

if TYPE_CHECKING:
    from cxrclf.metrics._predictions import Predictions


class FoldScore(NamedTuple):
    """Mean and standard deviation of one score over folds.

    Attributes
    ----------
    mean : float
        Mean over the folds in which the score is defined. nan if there is no such fold.
    sd : float
        Standard deviation over the same folds (``ddof=1``). nan for fewer than two
        folds.
    n_folds : int
        Number of folds in which the score is defined.
    """

    mean: float
    sd: float
    n_folds: int


class FoldSummary(TextTable):
    """Mean and standard deviation over folds for each score of a table.

    :func:`fold_summary` makes a summary. A summary is immutable.

    Parameters
    ----------
    tables : sequence of ScoreTable
        One table per fold. All tables have the same rows, columns and overall scores.
    pooled : ScoreTable, default=None
        Scores of the predictions of all folds together, with intervals.

    Attributes
    ----------
    rows : tuple of str
        Names of the classes, followed by ``"macro average"``.
    columns : tuple of str
        Names of the scores.
    n_folds : int
        Number of folds.
    overall : dict of str to FoldScore
        Scores of all classes together.
    pooled : ScoreTable or None
        Parameter of the same name.

    See Also
    --------
    ScoreTable : The scores of one fold.

    Examples
    --------
    >>> from cxrclf.metrics import fold_summary, table_from_confusion
    >>> summary = fold_summary(
    ...     table_from_confusion(matrix, ["covid", "normal"])
    ...     for matrix in ([[8, 2], [1, 9]], [[6, 4], [2, 8]], [[9, 1], [0, 10]]))
    >>> summary["covid", "sensitivity"].mean
    0.766...
    >>> summary.overall["accuracy"]
    FoldScore(mean=0.833..., sd=0.125..., n_folds=3)
    """

    def __init__(
        self, tables: Sequence[ScoreTable], *, pooled: ScoreTable | None = None
    ):
        first = tables[0]
        self._rows, self._columns = first.rows, first.columns
        self._n_folds = len(tables)
        self._scores = [
            [_summarize_score(values) for values in row]
            for row in np.stack([table.values for table in tables], axis=-1)
        ]
        self._overall = {
            name: _summarize_score(np.array([table.overall[name] for table in tables]))
            for name in first.overall
        }
        self._pooled = pooled

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the classes, followed by ``"macro average"``."""
        return self._rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the scores."""
        return self._columns

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return self._n_folds

    @property
    def overall(self) -> dict[str, FoldScore]:
        """Scores of all classes together."""
        return dict(self._overall)

    @property
    def pooled(self) -> ScoreTable | None:
        """Scores of the predictions of all folds together, or None."""
        return self._pooled

    def __getitem__(self, key: tuple[Any, str]) -> FoldScore:
        """Return one score over folds: ``summary["covid", "sensitivity"]``."""
        i, j = position(self._rows, self._columns, key)
        return self._scores[i][j]

    def __repr__(self) -> str:
        return (
            f"<FoldSummary of {self._n_folds} folds, {len(self._rows) - 1} classes: "
            f"{self._format_footer()[0]}>"
        )

    def to_frame(self) -> Any:
        """Return the summary as a data frame, without the overall scores.

        Returns
        -------
        pandas.DataFrame of shape (n_classes + 1, n_columns)
            One row per class, and the macro average. Each score has the columns
            ``<score>_mean``, ``<score>_sd`` and ``<score>_folds``, the number of folds
            in which it is defined. With pooled predictions, ``<score>_pooled``,
            ``<score>_low`` and ``<score>_high`` follow.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="FoldSummary.to_frame"
        )
        header, lines = self._number_columns()
        frame = pandas.DataFrame(lines, index=list(self._rows), columns=header)
        counts = [name for name in header if name.endswith("_folds")]
        return frame.astype(dict.fromkeys(counts, int))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the summary to a CSV file.

        The file is written completely or not at all. The columns are the same as in
        :meth:`to_frame`. Undefined values are empty cells. The overall scores are two
        additional rows, `overall accuracy` and `balanced accuracy`, with their values
        in the columns of the accuracy.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        header, numbers = self._number_columns()
        lines = [
            [row, *map(csv_cell, line)]
            for row, line in zip(self._rows, numbers, strict=True)
        ]
        for name, score in self._overall.items():
            cells = [*score]
            if self._pooled is not None:
                cells += self._pooled.overall_intervals[name]
            empty = [""] * (len(header) - len(cells))
            lines.append([format_name(name), *map(csv_cell, cells), *empty])
        write_csv(path, ["class", *header], lines)

    def _number_columns(self) -> tuple[list[str], list[list[float]]]:
        """Return the names of all columns, and the numbers of each row."""
        fields = ["mean", "sd", "folds"]
        if self._pooled is not None:
            fields += ["pooled", "low", "high"]
        header = [f"{column}_{field}" for column in self._columns for field in fields]
        lines = []
        for row, scores in zip(self._rows, self._scores, strict=True):
            line: list[float] = []
            for column, score in zip(self._columns, scores, strict=True):
                line += score
                if self._pooled is not None:
                    line += self._pooled.interval(row, column)
            lines.append(line)
        return header, lines

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the header and the lines of the table as text."""
        lines = []
        for row, scores in zip(self._rows, self._scores, strict=True):
            cells = [
                self._format_cell(score, digits=1 if column == "support" else 3)
                for column, score in zip(self._columns, scores, strict=True)
            ]
            lines.append([row, *cells])
            if self._pooled is not None:
                pooled = [
                    f"{self._pooled[row, column]:.0f}"
                    if column == "support"
                    else format_score(self._pooled.interval(row, column))
                    for column in self._columns
                ]
                lines.append([f"{row}, pooled", *pooled])
        return ["", *self._columns], lines

    def _format_cell(self, score: FoldScore, digits: int = 3) -> str:
        """Format one score, with the number of folds if some are missing."""
        if score.n_folds == 0:
            return "nan"
        sd = "nan" if np.isnan(score.sd) else f"{score.sd:.{digits}f}"
        folds = "" if score.n_folds == self._n_folds else f" ({score.n_folds})"
        return f"{score.mean:.{digits}f} ± {sd}{folds}"

    def _format_footer(self) -> list[str]:
        """Return the lines below the table."""
        overall = ", ".join(
            f"{format_name(name)} {self._format_cell(score)}"
            for name, score in self._overall.items()
        )
        lines = [overall, f"Mean ± standard deviation over {self._n_folds} folds."]
        scores = [score for row in self._scores for score in row]
        if any(score.n_folds < self._n_folds for score in scores):
            lines.append("(k): over the k folds in which the score is defined.")
        if self._pooled is not None:
            of_pooled, explanation = self._pooled._format_footer()
            lines.append(f"Pooled predictions of all folds: {of_pooled}")
            lines.append(explanation)
        return lines


def fold_summary(
    tables: Iterable[ScoreTable],
    predictions: "Predictions | None" = None,
    *,
    confidence_level: float = 0.95,
) -> FoldSummary:
    """Summarize the score tables of several folds.

    Parameters
    ----------
    tables : iterable of ScoreTable
        One table per fold. All tables have the same rows and columns.
    predictions : Predictions, default=None
        Out-of-fold predictions, as :func:`cross_val_predictions` returns them. The
        summary then also has the scores of all predictions together, with confidence
        intervals over patients.
    confidence_level : float, default=0.95
        Confidence level of these intervals, in (0, 1).

    Returns
    -------
    FoldSummary
        Mean and standard deviation (``ddof=1``) of each score. If a score is undefined
        (nan) in some folds, it is averaged over the other folds. The printed summary
        shows their number.

    Raises
    ------
    ValueError
        If there are no tables, if their rows or columns differ, or differ from the
        classes of `predictions`, or if `confidence_level` is invalid.

    Notes
    -----
    The standard deviation describes the variation of scores between folds. The folds of
    a cross-validation share training samples. Therefore, the standard deviation divided
    by the square root of the number of folds is not a valid standard error [1]_.

    The mean over folds and the score of the pooled predictions are two different
    numbers. The mean describes a classifier that is trained on a training fold. Pooled
    predictions are scored as one test set. Counts of right and wrong predictions do not
    change by pooling, so accuracies and sensitivities are nearly equal. A pooled AUC
    also compares scores of different folds, which may have different scales. It is
    usually lower than the mean [2]_. The interval belongs to the pooled score. It
    describes the sampling of patients, and not of training sets.

    References
    ----------
    .. [1] Y. Bengio and Y. Grandvalet, "No unbiased estimator of the variance of
       K-fold cross-validation", Journal of Machine Learning Research 5, 2004.
    .. [2] G. Forman and M. Scholz, "Apples-to-apples in cross-validation studies:
       pitfalls in classifier performance measurement", ACM SIGKDD Explorations 12,
       2010.

    Examples
    --------
    >>> from cxrclf.metrics import classification_table, fold_summary
    >>> folds = [
    ...     (["covid", "covid", "normal"], ["covid", "normal", "normal"]),
    ...     (["normal", "normal", "normal"], ["normal", "normal", "covid"]),
    ...     (["covid", "normal", "normal"], ["covid", "normal", "covid"])]
    >>> summary = fold_summary(
    ...     classification_table(y_true, y_pred, labels=["covid", "normal"])
    ...     for y_true, y_pred in folds)
    >>> print(summary["covid", "sensitivity"])
    FoldScore(mean=0.75, sd=0.353..., n_folds=2)
    >>> print(str(summary).splitlines()[-3])
    overall accuracy 0.667 ± 0.000, balanced accuracy 0.722 ± 0.048
    """
    check_level(confidence_level)
    tables = list(tables)
    if not tables:
        raise ValueError("There are no tables to summarize. Pass one table per fold.")
    for fold, table in enumerate(tables):
        for what in ("rows", "columns"):
            if getattr(table, what) != getattr(tables[0], what):
                raise ValueError(
                    f"The tables of all folds need the same {what}: the first has "
                    f"{list(getattr(tables[0], what))}, number {fold} has "
                    f"{list(getattr(table, what))}. Make all tables with the same "
                    "labels, and either all or none with y_score."
                )
    pooled = None
    if predictions is not None:
        pooled = _pool(predictions, tables, confidence_level)
    return FoldSummary(tables, pooled=pooled)


def _pool(
    predictions: "Predictions", tables: list[ScoreTable], confidence_level: float
) -> ScoreTable:
    """Return the table of all predictions, with the rows of the other tables."""
    labels = {str(label): label for label in predictions.classes.tolist()}
    classes = tables[0].rows[:-1]
    if sorted(labels) != sorted(classes):
        raise ValueError(
            f"The tables have the classes {list(classes)}, and predictions has "
            f"{list(labels)}. Pass the predictions of the same folds: "
            "fold_summary(predictions.fold_tables(), predictions)."
        )
    pooled = classification_table(
        predictions.y_true,
        predictions.y_pred,
        predictions.y_score,
        labels=[labels[name] for name in classes],
        intervals=True,
        groups=predictions.units,
        confidence_level=confidence_level,
    )
    if pooled.columns != tables[0].columns:
        raise ValueError(
            f"The tables have the scores {list(tables[0].columns)}, and the "
            f"predictions have {list(pooled.columns)}. Make all tables either with or "
            "without y_score."
        )
    return pooled


def _summarize_score(values: np.ndarray) -> FoldScore:
    """Return mean and standard deviation of the values that are not nan."""
    defined = values[~np.isnan(values)]
    n = len(defined)
    mean = float(defined.mean()) if n else np.nan
    sd = float(defined.std(ddof=1)) if n > 1 else np.nan
    return FoldScore(mean, sd, n)
