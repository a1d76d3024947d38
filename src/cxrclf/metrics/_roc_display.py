"""Display of ROC curves."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cxrclf.metrics._class_curve import (
    ClassCurve,
    mean_of_folds,
    pointwise_band,
    roc_points,
)
from cxrclf.metrics._curve_display import CurveDisplay
from cxrclf.metrics._roc_auc_interval import roc_auc_interval


class RocDisplay(CurveDisplay):
    """ROC curves of each class against the rest, with intervals.

    Create a display with :meth:`from_predictions` or :meth:`from_estimator`. All
    parameters are stored as attributes.

    A solid line is the curve of all samples together. Its band is the interval of the
    sensitivity at each threshold (:func:`proportion_interval`). A sensitivity can only
    grow from left to right, so a bound holds to the right (lower) or left (upper) of
    its threshold as well, if it is narrower. The band does not contain the error of the
    false-positive rate. The legend has the area under the curve with the interval of
    :func:`roc_auc_interval`.

    If the predictions have folds, the solid line is the curve of the pooled
    predictions. A dashed line is the mean of the curves of the folds at fixed
    false-positive rates. The legend has the mean area ± its standard deviation over
    folds. The pooled area compares scores of different folds, and is usually lower.

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
    PrecisionRecallDisplay : Show the precision for rare classes.
    sklearn.metrics.RocCurveDisplay : Show curves without intervals.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from cxrclf.metrics import RocDisplay, cross_val_predictions
    >>> X, y = load_wine(return_X_y=True)
    >>> predictions = cross_val_predictions(GaussianNB(), X, y, cv=3)
    >>> display = RocDisplay.from_predictions(predictions)
    >>> list(display.curves)
    [0, 1, 2]
    """

    _area = "AUC"
    _labels = ("1 − specificity", "sensitivity")

    @classmethod
    def _make_curve(
        cls,
        y_true: np.ndarray,
        score: np.ndarray,
        patients: np.ndarray,
        fold: np.ndarray | None,
        level: float,
    ) -> ClassCurve:
        points = roc_points(y_true, score)
        area = roc_auc_interval(y_true, score, groups=patients, confidence_level=level)
        x, low, high = pointwise_band(
            y_true,
            score,
            patients,
            points,
            lambda y_true, is_above: (is_above, y_true),
            level,
        )
        low = np.maximum.accumulate(low)
        high = np.minimum.accumulate(high[::-1])[::-1]
        folds = None
        if fold is not None:
            folds = mean_of_folds(y_true, score, fold, is_roc=True)
        return ClassCurve(*points[:2], x, low, high, area, folds, float(y_true.mean()))

    def _draw_baseline(self, ax: Any, colors: Mapping[Any, str]) -> None:
        ax.plot([0, 1], [0, 1], color="0.7", lw=1, ls=":")
