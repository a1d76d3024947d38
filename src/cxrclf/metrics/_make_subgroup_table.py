"""Compute the table of the subgroups of predictions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxrclf._utils.checks import check_int, check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import SmallSubgroupWarning
from cxrclf.metrics._class_choice import choose_classes
from cxrclf.metrics._holm import holm
from cxrclf.metrics._named_score import NamedScore
from cxrclf.metrics._rank_scores import rank_scores
from cxrclf.metrics._score_columns import SampleScores
from cxrclf.metrics._subgroup_columns import SubgroupColumn, subgroup_columns
from cxrclf.metrics._subgroup_gaps import (
    GroupScore,
    SubgroupGap,
    SubgroupGaps,
    find_gap,
    pair_level,
)
from cxrclf.metrics._subgroup_table import ALL, SubgroupRow, SubgroupTable

if TYPE_CHECKING:
    from cxrclf.metrics._predictions import Predictions


def make_subgroup_table(
    found: "Predictions",
    by: Any,
    *,
    scores: str | Iterable[str] | None = None,
    bands: Mapping[str, Sequence[float]] | None = None,
    min_patients: int = 10,
    confidence_level: float = 0.95,
) -> SubgroupTable:
    """Score the subgroups of predictions. `by` is in the order of the predictions.

    The parameters and the table are described in :func:`subgroup_table`.
    """
    check_level(confidence_level)
    check_int(min_patients, "min_patients", 1)
    columns = subgroup_columns(by, len(found), bands)
    classes = found.classes.tolist()
    samples = SampleScores(
        found.y_true[:, None] == found.classes,
        found.y_pred[:, None] == found.classes,
        None if found.y_score is None else rank_scores(found.y_score),
        index_patients(found.units, len(found)),
    )
    named = _choose_scores(scores, classes, found.y_score is not None)
    everyone = np.ones(len(found), dtype=bool)
    rows = [
        _score_row("", ALL, samples, everyone, named, min_patients, confidence_level)
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
        scores = [f"sensitivity_{label}" for label in classes]
        if has_scores:  # two classes have equal AUCs
            scores += [f"auc_{label}" for label in choose_classes(None, classes)]
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
        have = "1 subgroup has" if len(small) == 1 else f"{len(small)} subgroups have"
        theirs = "Its scores are" if len(small) == 1 else "Their scores are"
        warn_user(
            f"{have} fewer than {min_patients} patients with a "
            f"class, without it or predicted as it: {', '.join(small)}. {theirs} "
            "marked and left out of the gaps. Join subgroups, or collect more "
            "patients.",
            SmallSubgroupWarning,
        )
