"""ROC and precision-recall curves of one class, with pointwise intervals."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval

_BAND_POINTS = 100  # thresholds with an interval
_GRID = np.arange(101) / 100  # the floats that shares of samples have


class FoldMean(NamedTuple):
    """Mean curve of several folds.

    Attributes
    ----------
    x, y : ndarray of shape (101,)
        Mean of the curves at fixed values of x.
    mean, sd : float
        Mean and standard deviation (``ddof=1``) of the area.
    n_folds : int
        Number of folds that have the class and other classes.
    """

    x: np.ndarray
    y: np.ndarray
    mean: float
    sd: float
    n_folds: int


class ClassCurve(NamedTuple):
    """Curve of one class against the rest.

    Attributes
    ----------
    x, y : ndarray of shape (n_points,)
        Curve of all samples together.
    band_x, low, high : ndarray of shape (n_band,)
        Interval of y at some thresholds. `band_x` is increasing.
    area : Estimate
        Area under the curve and its interval.
    folds : FoldMean or None
        Mean over folds. None if there are no folds.
    baseline : float
        Share of the samples that belong to the class.
    """

    x: np.ndarray
    y: np.ndarray
    band_x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    area: Estimate
    folds: FoldMean | None
    baseline: float


def roc_points(
    y_true: np.ndarray, score: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return false-positive rates, sensitivities and thresholds."""
    return roc_curve(y_true, score, drop_intermediate=False)


def precision_recall_points(
    y_true: np.ndarray, score: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sensitivities in increasing order, precisions and thresholds."""
    precision, recall, thresholds = precision_recall_curve(y_true, score)
    # The last point of scikit-learn, (0, 1), has no threshold.
    return recall[::-1], precision[::-1], np.append(np.inf, thresholds[::-1])


def pointwise_band(
    y_true: np.ndarray,
    score: np.ndarray,
    patients: np.ndarray,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    counts: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    level: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the interval of y at some thresholds of a curve.

    Parameters
    ----------
    y_true : ndarray of shape (n,) of bool
        Whether a sample belongs to the class.
    score : ndarray of shape (n,)
        Scores of the class.
    patients : ndarray of shape (n,) of int
        Number of the patient of each sample.
    points : tuple of ndarray
        x, y and thresholds of the curve.
    counts : callable
        Function ``counts(y_true, is_above)`` that returns the samples whose share is y,
        and the samples that are counted, as two masks.
    level : float
        Confidence level.

    Returns
    -------
    x, low, high : ndarray of shape (n_band,)
        Position and bounds, in the order of the curve.
    """
    x, _, thresholds = points
    places = np.unique(np.linspace(0, len(x) - 1, _BAND_POINTS).round().astype(int))
    found = []
    for place in places:
        hit, base = counts(y_true, score >= thresholds[place])
        share = proportion_interval(
            hit[base], groups=patients[base], confidence_level=level
        )
        if not np.isnan(share.low):
            found.append((x[place], share.low, share.high))
    band = np.array(found).T
    return band[0], band[1], band[2]


def mean_of_folds(
    y_true: np.ndarray, score: np.ndarray, fold: np.ndarray, is_roc: bool
) -> FoldMean | None:
    """Return the mean of the curves of the folds at fixed x (vertical averaging).

    Folds without the class or without another class are left out. None if fewer than
    two folds are left.
    """
    points = roc_points if is_roc else precision_recall_points
    area = roc_auc_score if is_roc else average_precision_score
    lines, areas = [], []
    for number in np.unique(fold):
        rows = fold == number
        if y_true[rows].all() or not y_true[rows].any():
            continue
        x, y, _ = points(y_true[rows], score[rows])
        lines.append(_value_at(_GRID, x, y, highest=is_roc))
        areas.append(area(y_true[rows], score[rows]))
    if len(lines) < 2:
        return None
    sd = float(np.std(areas, ddof=1))
    y = np.mean(lines, axis=0)
    if is_roc:
        y[0] = 0.0  # all curves begin at (0, 0)
    return FoldMean(_GRID, y, float(np.mean(areas)), sd, len(lines))


def _value_at(
    grid: np.ndarray, x: np.ndarray, y: np.ndarray, highest: bool
) -> np.ndarray:
    """Return y at the values of a grid.

    The ROC curve is interpolated. A precision is the one of the next higher recall,
    because interpolated precisions are too high (Davis and Goadrich 2006).
    """
    if highest:
        # At a vertical step, numpy.interp returns the last, highest y.
        return np.interp(grid, x, y)
    return y[np.minimum(np.searchsorted(x, grid - 1e-9), len(y) - 1)]
