"""Differences of scores between subgroups."""

import os
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, write_csv
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._score_table import format_score
from cxrclf.metrics._shrunk_correlation import correlate, shrunk_correlation
from cxrclf.metrics._text_table import TextTable


class SubgroupGap(NamedTuple):
    """Difference between the highest and the lowest score of the subgroups.

    Attributes
    ----------
    by : str
        Name of the column of the subgroups.
    score : str
        Name of the score.
    highest, lowest : str
        Subgroups with the highest and the lowest score.
    estimate : Estimate
        Difference of the two scores, and its interval.
    p_value : float
        p value of the hypothesis that all subgroups have one score.
    adjusted_p_value : float
        p value after the correction of Holm for all gaps of the table.
    """

    by: str
    score: str
    highest: str
    lowest: str
    estimate: Estimate
    p_value: float
    adjusted_p_value: float = np.nan


class GroupScore(NamedTuple):
    """Score of one subgroup at the level of the gap.

    Attributes
    ----------
    subgroup : str
        Name of the subgroup.
    estimate : Estimate
        Score and its interval.
    influence : ndarray of shape (n_patients,)
        Influence of each patient of the study on the score.
    """

    subgroup: str
    estimate: Estimate
    influence: np.ndarray


class SubgroupGaps(TextTable):
    """Table of the differences of scores between subgroups.

    Parameters
    ----------
    gaps : sequence of SubgroupGap
        Gaps, one per column of subgroups and score.
    confidence_level : float
        Confidence level of the intervals.

    Attributes
    ----------
    confidence_level : float
        Parameter of the same name.
    """

    def __init__(self, gaps: Sequence[SubgroupGap], confidence_level: float):
        self._gaps = tuple(gaps)
        self._confidence_level = confidence_level

    @property
    def confidence_level(self) -> float:
        """Confidence level of the intervals."""
        return self._confidence_level

    def __len__(self) -> int:
        return len(self._gaps)

    def __iter__(self) -> Iterator[SubgroupGap]:
        return iter(self._gaps)

    def __getitem__(self, key: tuple[str, str]) -> SubgroupGap:
        """Return one gap: ``gaps["sex", "auc_covid"]``."""
        for gap in self._gaps:
            if key == (gap.by, gap.score):
                return gap
        known = [(gap.by, gap.score) for gap in self._gaps]
        raise KeyError(f"No gap {key!r}. The gaps are {known}.")

    def __repr__(self) -> str:
        return f"<SubgroupGaps of {len(self)} columns and scores>"

    def to_frame(self) -> Any:
        """Return the gaps as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_gaps, 9)
            One row per gap.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="SubgroupGaps.to_frame"
        )
        return pandas.DataFrame(self._list_cells(), columns=self._names())

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the gaps to a CSV file, completely or not at all.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        lines = [
            [*cells[:4], *map(csv_cell, cells[4:])] for cells in self._list_cells()
        ]
        write_csv(path, self._names(), lines)

    def _names(self) -> list[str]:
        return ["by", "score", "highest", "lowest", "gap", "gap_low", "gap_high",
                "p_value", "adjusted_p_value"]  # fmt: skip

    def _list_cells(self) -> list[list[Any]]:
        return [
            [*gap[:4], *gap.estimate, gap.p_value, gap.adjusted_p_value]
            for gap in self._gaps
        ]

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        header = ["by", "score", "highest", "lowest", "gap", "p", "p (Holm)"]
        return header, [
            [*gap[:4], format_score(gap.estimate), *map(format_p, gap[5:])]
            for gap in self._gaps
        ]

    def _format_footer(self) -> list[str]:
        if not self._gaps:
            return ["No column has two subgroups that are large enough for a gap."]
        level = f"{100 * self._confidence_level:g} %"
        return [
            f"Gap: highest minus lowest score, {level} confidence intervals.",
            "Intervals and p are corrected for the choice of the pair.",
        ]


def find_gap(
    by: str, score: str, groups: Sequence[GroupScore], level: float
) -> SubgroupGap:
    """Return the gap between the highest and the lowest score.

    The interval of the difference comes from the bounds of both scores and their
    correlation, which is 0 unless a patient is in both subgroups.

    Parameters
    ----------
    by, score : str
        Names of the column and of the score.
    groups : sequence of GroupScore
        Scores of two subgroups or more. The level of their intervals is
        ``pair_level(level, len(groups))``.
    level : float
        Confidence level of the gap.

    Returns
    -------
    SubgroupGap
        Gap with an interval that is valid for all pairs of subgroups at once.
    """
    ordered = sorted(groups, key=lambda group: group.estimate.value)
    lowest, highest = ordered[0], ordered[-1]
    estimate = difference(
        highest.estimate, lowest.estimate, highest.influence, lowest.influence
    )
    n_pairs = count_pairs(len(groups))
    quantile = norm.isf((1 - level) / 2 / n_pairs)
    below = estimate.value - estimate.low
    p = 2 * norm.sf(estimate.value / below * quantile) if below > 0 else np.nan
    return SubgroupGap(
        by,
        score,
        highest.subgroup,
        lowest.subgroup,
        estimate,
        float(np.minimum(1.0, n_pairs * p)),  # nan if the interval is undefined
    )


def difference(
    first: Estimate,
    second: Estimate,
    first_influence: np.ndarray,
    second_influence: np.ndarray,
) -> Estimate:
    """Return the difference of two scores and its interval (Zou and Donner 2008).

    A positive correlation of the scores is shrunk for few patients in both subgroups.

    Parameters
    ----------
    first, second : Estimate
        Scores with intervals of one level, of different images.
    first_influence, second_influence : ndarray of shape (n_patients,)
        Influence of each patient on the scores.

    Returns
    -------
    Estimate
        First score minus second score.
    """
    both = int(np.count_nonzero(first_influence * second_influence))
    r = float(correlate(np.array([first_influence, second_influence]))[0, 1])
    r = shrunk_correlation(r, 0.0, max(both, 1), min)

    def combine(a: float, b: float) -> float:
        return float(np.sqrt(max(a**2 + b**2 - 2 * r * a * b, 0.0)))

    value = first.value - second.value
    low = value - combine(first.value - first.low, second.high - second.value)
    high = value + combine(first.high - first.value, second.value - second.low)
    return Estimate(value, low, high)


def pair_level(level: float, n_groups: int) -> float:
    """Return the level of one pair so that all pairs together have `level`."""
    return 1 - (1 - level) / count_pairs(n_groups)


def count_pairs(n_groups: int) -> int:
    """Return the number of pairs of subgroups."""
    return len(list(combinations(range(n_groups), 2)))


def format_p(p: float) -> str:
    """Format a p value."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
