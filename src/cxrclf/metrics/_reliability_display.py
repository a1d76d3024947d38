"""Display of predicted probabilities against observed frequencies."""

from typing import Any

import numpy as np

from cxrclf._utils.checks import check_int
from cxrclf._utils.groups import index_patients
from cxrclf._utils.optional import import_optional
from cxrclf.metrics._calibration_error import find_bins
from cxrclf.metrics._checks import check_binary, check_scores
from cxrclf.metrics._curve_colors import next_colors
from cxrclf.metrics._proportion_interval import proportion_interval

_PERFECT = "perfectly calibrated"


class ReliabilityDisplay:
    """Reliability curve of one class, with an interval for each bin.

    Create a display with :meth:`from_predictions`. All parameters are stored as
    attributes.

    Parameters
    ----------
    prob_pred : ndarray of shape (n_bins,)
        Mean predicted probability of each bin.
    prob_true : ndarray of shape (n_bins,)
        Share of the images of each bin that belong to the class.
    low, high : ndarray of shape (n_bins,)
        Bounds of the interval of `prob_true`.
    counts : ndarray of shape (n_bins,) of int
        Number of images of each bin.
    name : str, default=None
        Name of the curve in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.
    figure_ : matplotlib Figure
        Figure with the curve.

    See Also
    --------
    calibration_scores : Scores of the calibration.
    sklearn.calibration.CalibrationDisplay : The same curve without intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import ReliabilityDisplay
    >>> rng = np.random.default_rng(0)
    >>> y_proba = rng.random(300)
    >>> y_true = rng.random(300) < y_proba
    >>> display = ReliabilityDisplay.from_predictions(y_true, y_proba, n_bins=3)
    >>> display.counts.tolist()
    [100, 100, 100]
    """

    def __init__(
        self,
        prob_pred: np.ndarray,
        prob_true: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        counts: np.ndarray,
        *,
        name: str | None = None,
    ):
        self.prob_pred = prob_pred
        self.prob_true = prob_true
        self.low = low
        self.high = high
        self.counts = counts
        self.name = name

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_proba: Any,
        *,
        groups: Any = None,
        n_bins: int = 10,
        confidence_level: float = 0.95,
        name: str | None = None,
        ax: Any = None,
    ) -> "ReliabilityDisplay":
        """Plot the probabilities of one class against its frequencies.

        Parameters
        ----------
        y_true : array-like of shape (n,) of bool or 0 and 1
            Whether an image belongs to the class.
        y_proba : array-like of shape (n,)
            Probability of the class.
        groups : array-like of shape (n,), default=None
            Patient id of each image. None stands for one image per patient.
        n_bins : int, default=10
            Largest number of bins. They have about the same number of images. Equal
            probabilities share a bin.
        confidence_level : float, default=0.95
            Confidence level of the intervals of :func:`proportion_interval`, in (0, 1).
        name : str, default=None
            Name of the curve in the legend.
        ax : matplotlib Axes, default=None
            Axes to draw in. By default new axes.

        Returns
        -------
        ReliabilityDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If there are no images, if lengths differ, if values are not probabilities,
            or if a parameter is invalid.
        MissingDependencyError
            If matplotlib is not installed.
        """
        is_true = check_binary(y_true)
        proba = check_scores(y_proba, len(is_true), "y_proba")
        check_int(n_bins, "n_bins", 1)
        if len(proba) == 0:
            raise ValueError("There are no images: y_true is empty.")
        if proba.min() < 0 or proba.max() > 1:
            raise ValueError(
                "y_proba must hold probabilities in [0, 1], got values from "
                f"{proba.min():g} to {proba.max():g}."
            )
        patients = None if groups is None else index_patients(groups, len(proba))
        bins = find_bins(proba, n_bins)
        estimates = [
            proportion_interval(
                is_true[bins == i],
                groups=None if patients is None else patients[bins == i],
                confidence_level=confidence_level,
            )
            for i in range(bins.max() + 1)
        ]
        prob_true, low, high = np.transpose(estimates)
        counts = np.bincount(bins)
        display = cls(
            np.bincount(bins, proba) / counts, prob_true, low, high, counts, name=name
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None, *, name: str | None = None) -> "ReliabilityDisplay":
        """Plot the curve. Several curves on one axes have different colors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. By default new axes.
        name : str, default=None
            Name of the curve in the legend. By default the attribute `name`.

        Returns
        -------
        ReliabilityDisplay
            The display itself, with `figure_` and `ax_`.
        """
        pyplot = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="ReliabilityDisplay.plot"
        )
        if ax is None:
            _, ax = pyplot.subplots(figsize=(4.5, 4.5), layout="constrained")
        name = self.name if name is None else name
        if _PERFECT not in ax.get_legend_handles_labels()[1]:
            ax.plot([0, 1], [0, 1], ":", color="0.4", label=_PERFECT)
        below, above = self.prob_true - self.low, self.high - self.prob_true
        ax.errorbar(
            self.prob_pred,
            self.prob_true,
            np.maximum([below, above], 0),
            fmt="o-",
            color=next_colors(ax)[0],
            markersize=4,
            capsize=2,
            linewidth=1,
            label=name,
        )
        ax.set(
            xlabel="Mean predicted probability",
            ylabel="Share of the images in the class",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
        )
        ax.legend(loc="upper left", frameon=False)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
