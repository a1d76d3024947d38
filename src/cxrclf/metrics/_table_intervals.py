"""Confidence intervals of all scores of a table."""

from typing import NamedTuple

import numpy as np

from cxrclf.metrics._score_columns import SampleScores


class TableIntervals(NamedTuple):
    """Bounds of the scores of a table.

    Attributes
    ----------
    bounds : ndarray of shape (n_classes + 1, n_columns, 2)
        Lower and upper bound of each score, with the macro average in the last row.
        Undefined bounds are nan.
    overall : dict of str to (float, float)
        Lower and upper bound of each overall score.
    confidence_level : float
        Confidence level of the intervals.
    n_patients : int or None
        Number of patients. None stands for one sample per patient.
    """

    bounds: np.ndarray
    overall: dict[str, tuple[float, float]]
    confidence_level: float
    n_patients: int | None


def table_intervals(
    is_true: np.ndarray,
    is_pred: np.ndarray,
    scores: np.ndarray | None,
    patients: np.ndarray,
    confidence_level: float,
) -> TableIntervals:
    """Compute the intervals of all scores of a table.

    Unlike quantiles of resamples, no interval is empty if all samples are right.

    Parameters
    ----------
    is_true, is_pred : ndarray of shape (n, n_classes) of bool
        Whether a sample belongs to a class, and whether it is predicted as the class.
    scores : ndarray of shape (n, n_classes) or None
        Scores of the classes.
    patients : ndarray of shape (n,) of int
        Number of the patient of each sample, from 0.
    confidence_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    TableIntervals
        Bounds of the columns of :func:`classification_table`.
    """
    samples = SampleScores(is_true, is_pred, scores, patients)
    present = samples.present
    columns = []
    for name in samples.names:
        column = samples.column(name, confidence_level)
        values, influence = column
        of_present = column._replace(
            values=values[present], influence=influence[:, present]
        )
        macro = samples.mean(of_present)
        columns.append(np.vstack([values, macro.values])[:, 1:])
    support = np.full_like(columns[0], np.nan)
    accuracy = samples.overall_accuracy(confidence_level).values[0, 1:].tolist()
    balanced = columns[samples.names.index("sensitivity")][-1].tolist()
    n_patients = int(patients.max()) + 1
    return TableIntervals(
        np.stack([*columns, support], axis=1),
        {"accuracy": tuple(accuracy), "balanced_accuracy": tuple(balanced)},
        confidence_level,
        None if n_patients == len(patients) else n_patients,
    )
