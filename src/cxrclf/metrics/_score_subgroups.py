"""Scores of subgroups of patients, and the gaps between them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cxrclf._utils.checks import check_int, check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import SmallSubgroupWarning
from cxrclf.metrics._holm import holm
from cxrclf.metrics._named_score import NamedScore
from cxrclf.metrics._predictions import Predictions, choose_classes
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
        `y_score`. Two classes always have equal AUCs, so only the AUC of the last class
        in sorted order is computed by default.
    bands : mapping of str to sequence of float, default=None
        Increasing edges of the bands of columns of numbers: ``{"age": [18, 65]}``. A
        column named "age" has the edges 2, 12, 18, 40 and 65 years by default. Other
        columns with more than 10 different numbers need edges.
    min_patients : int, default=10
        Smallest number of patients for a gap. A sensitivity needs this number of
        patients with the class, a specificity of patients without it, a precision of
        patients with images predicted as the class, and an F1 of patients with the
        class or images predicted as it. AUC and accuracy of a class need patients with
        the class and patients without it. Means over classes need it for each class.
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
        or `bands` does not fit, if a score does not exist, or if the name of a score is
        that of a bound, such as ``"accuracy_low"`` of a class named "low".

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
        None if found.y_score is None else rank_scores(found.y_score),
        index_patients(found.groups, len(found)),
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
