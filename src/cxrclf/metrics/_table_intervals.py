"""Confidence intervals of all scores of a table."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval
from cxrclf.metrics._roc_auc_interval import roc_auc_interval


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


class _Column(NamedTuple):
    """One score of all classes."""

    values: np.ndarray  # (n_classes, 3): score, lower bound, upper bound
    influence: np.ndarray  # (n, n_classes): effect of each sample on the score


def table_intervals(
    is_true: np.ndarray,
    is_pred: np.ndarray,
    scores: np.ndarray | None,
    patients: np.ndarray,
    confidence_level: float,
) -> TableIntervals:
    """Compute the intervals of all scores of a table.

    Accuracy, sensitivity, specificity and precision are proportions. F1 is a function
    of a proportion, too: of the samples that belong to a class or are predicted as the
    class, the share that are both (the Jaccard index J) gives F1 = 2 J / (1 + J). The
    bounds of J give the bounds of F1 (Lam et al. 2023). Bounds of a macro average come
    from the bounds of the classes and the correlation of their scores (Zou and Donner
    2008). Unlike quantiles of resamples, no interval is empty if all samples are right.

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
    everything = np.ones_like(is_true)
    shares = {
        "accuracy": (is_true == is_pred, everything),
        "precision": (is_true, is_pred),
        "sensitivity": (is_pred, is_true),
        "specificity": (~is_pred, ~is_true),
        "f1": (is_true & is_pred, is_true | is_pred),
    }
    columns = {
        name: _share_column(hit, base, patients, confidence_level)
        for name, (hit, base) in shares.items()
    }
    columns["f1"] = _from_jaccard(columns["f1"])
    if scores is not None:
        columns["auc"] = _auc_column(is_true, scores, patients, confidence_level)
    present = np.asarray(is_true.any(axis=0))
    bounds = np.stack(
        [
            np.vstack([column.values[:, 1:], _macro_bounds(column, present, patients)])
            for column in columns.values()
        ],
        axis=1,
    )
    support = np.full((len(bounds), 1, 2), np.nan)
    correct = (is_true & is_pred).any(axis=1)
    accuracy = proportion_interval(
        correct, groups=patients, confidence_level=confidence_level
    )
    low, high = bounds[-1, list(columns).index("sensitivity")]
    n_patients = int(patients.max()) + 1
    return TableIntervals(
        np.concatenate([bounds, support], axis=1),
        {
            "accuracy": (accuracy.low, accuracy.high),
            "balanced_accuracy": (float(low), float(high)),
        },
        confidence_level,
        None if n_patients == len(patients) else n_patients,
    )


def _share_column(
    hit: np.ndarray, base: np.ndarray, patients: np.ndarray, level: float
) -> _Column:
    """Return the shares of the samples in `base` that are in `hit`."""
    estimates: list[Estimate] = []
    influence = np.zeros(hit.shape)
    for j in range(hit.shape[1]):
        rows = base[:, j]
        counted = hit[rows, j]
        share = proportion_interval(
            counted, groups=patients[rows], confidence_level=level
        )
        estimates.append(share)
        influence[rows, j] = (counted - share.value) / max(len(counted), 1)
    return _Column(np.array(estimates), influence)


def _from_jaccard(column: _Column) -> _Column:
    """Convert Jaccard indices to F1 scores."""
    index = column.values
    slope = 2 / (1 + index[:, 0]) ** 2
    return _Column(2 * index / (1 + index), column.influence * slope)


def _auc_column(
    is_true: np.ndarray, scores: np.ndarray, patients: np.ndarray, level: float
) -> _Column:
    """Return the areas under the ROC curves."""
    estimates: list[Estimate] = []
    influence = np.zeros(scores.shape)
    for j, (positive, score) in enumerate(zip(is_true.T, scores.T, strict=True)):
        area = roc_auc_interval(
            positive, score, groups=patients, confidence_level=level
        )
        estimates.append(area)
        if np.isnan(area.value):
            continue
        # Share of the samples of the other side that are on the right side of a sample.
        ranks = rankdata(score)
        for rows, sign in ((positive, 1), (~positive, -1)):
            others = ranks[rows] - rankdata(score[rows])
            share = others / (~rows).sum()
            right = share if sign > 0 else 1 - share
            influence[rows, j] = (right - area.value) / rows.sum()
    return _Column(np.array(estimates), influence)


def _macro_bounds(
    column: _Column, present: np.ndarray, patients: np.ndarray
) -> np.ndarray:
    """Return the bounds of the mean over the classes that are present."""
    values, influence = column.values[present], column.influence[:, present]
    if np.isnan(values).any():
        return np.full(2, np.nan)
    of_patients = np.stack([np.bincount(patients, line) for line in influence.T])
    covariance = of_patients @ of_patients.T
    deviation = np.sqrt(np.diag(covariance))
    scale = np.where(deviation > 0, deviation, np.inf)
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    below = (values[:, 0] - values[:, 1]) / len(values)
    above = (values[:, 2] - values[:, 0]) / len(values)
    low, high = (np.sqrt(max(d @ correlation @ d, 0.0)) for d in (below, above))
    mean = values[:, 0].mean()
    return np.clip([mean - low, mean + high], 0, 1)
