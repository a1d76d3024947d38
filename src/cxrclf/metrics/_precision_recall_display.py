"""Display of precision-recall curves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import average_precision_score

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.metrics._class_curve import (
    ClassCurve,
    mean_of_folds,
    pointwise_band,
    precision_recall_points,
)
from cxrclf.metrics._curve_display import CurveDisplay
from cxrclf.metrics._estimate import Estimate

_N_RESAMPLES = 1000


class PrecisionRecallDisplay(CurveDisplay):
    """Precision-recall curves of each class against the rest, with intervals.

    Create a display with :meth:`from_predictions` or :meth:`from_estimator`. All
    parameters are stored as attributes.

    A solid line is the curve of all samples together. It has steps, because
    interpolated precisions are too high. The area below it is the average precision, as
    scikit-learn defines it. The band is the interval of the precision at each threshold
    (:func:`proportion_interval`). A dotted line is the share of the class in the
    samples, which is the precision of a classifier without skill.

    The legend has the average precision and its interval, which is symmetric on the
    scale of the logit. Its width comes from the standard deviation over 1,000 resamples
    of patients, and from Student's t distribution with the number of patients of the
    smaller side, less 1, as degrees of freedom. There is no interval if the average
    precision is 1, or if one patient only has the class, or lacks it.

    If the predictions have folds, the solid line is the curve of the pooled
    predictions. A dashed line is the mean of the curves of the folds at fixed
    sensitivities. The legend has the mean of the average precision ± its standard
    deviation over folds.

    Read more in the :ref:`User Guide <curves>`.

    Parameters
    ----------
    curves : mapping
        Curve of each class.
    confidence_level : float, default=0.95
        Confidence level of the intervals.

    Attributes
    ----------
    lines_ : dict
        Line of each class.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    RocDisplay : Show sensitivity and specificity, which do not depend on the share of
        the class.
    sklearn.metrics.PrecisionRecallDisplay : Show curves without intervals.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from cxrclf.metrics import PrecisionRecallDisplay
    >>> X, y = load_wine(return_X_y=True)
    >>> clf = GaussianNB().fit(X[::2], y[::2])
    >>> display = PrecisionRecallDisplay.from_estimator(
    ...     clf, X[1::2], y[1::2], classes=[1])
    >>> round(display.curves[1].area.value, 2)
    0.98
    """

    _area = "average precision"
    _labels = ("sensitivity (recall)", "precision")
    _step = "pre"

    @classmethod
    def _make_curve(
        cls,
        y_true: np.ndarray,
        score: np.ndarray,
        patients: np.ndarray,
        fold: np.ndarray | None,
        level: float,
    ) -> ClassCurve:
        points = precision_recall_points(y_true, score)
        band = pointwise_band(
            y_true,
            score,
            patients,
            points,
            lambda y_true, is_above: (y_true, is_above),
            level,
        )
        folds = None
        if fold is not None:
            folds = mean_of_folds(y_true, score, fold, is_roc=False)
        area = _average_precision(y_true, score, patients, level)
        return ClassCurve(*points[:2], *band, area, folds, float(y_true.mean()))

    def _draw_baseline(self, ax: Any, colors: Mapping[Any, str]) -> None:
        for label, curve in self.curves.items():
            ax.axhline(curve.baseline, color=colors[label], lw=1, ls=":")


def _average_precision(
    y_true: np.ndarray, score: np.ndarray, patients: np.ndarray, level: float
) -> Estimate:
    """Return the average precision and its interval from resampled patients."""
    if score[y_true].min() > score[~y_true].max():
        return Estimate(1.0, np.nan, np.nan)  # the computed value may differ from 1
    value = float(average_precision_score(y_true, score))
    smaller = min(len(np.unique(patients[y_true == side])) for side in (True, False))
    if smaller < 2:
        return Estimate(value, np.nan, np.nan)
    resampling = PatientResampling(len(y_true), patients, level, _N_RESAMPLES)
    resampled = resampling.resample(_fast_average_precision, [y_true, score])
    deviation = float(np.nanstd(resampled, ddof=1))
    # Quantiles of resamples are too narrow near 1.
    half = t.isf((1 - level) / 2, smaller - 1) * deviation / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half]))
    return Estimate(value, float(low), float(high))


def _fast_average_precision(y_true: np.ndarray, score: np.ndarray) -> float:
    """Return the average precision, nan without positive samples."""
    order = np.argsort(-score, kind="stable")
    positive = np.cumsum(y_true[order])
    last = np.append(np.diff(score[order]) != 0, True)  # last of equal scores
    found, n_above = positive[last], np.flatnonzero(last) + 1
    if not found[-1]:
        return np.nan
    return float((np.diff(found, prepend=0) * found / n_above).sum() / found[-1])
