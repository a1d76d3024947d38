"""Net benefit of a classifier over thresholds of probability."""

from typing import Any

import numpy as np
from scipy.stats import t

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import as_text
from cxrclf.metrics._checks import check_binary, check_scores
from cxrclf.metrics._curve_colors import next_colors
from cxrclf.metrics._score_table import format_score

_ALL, _NONE = "treat all", "treat none"


class DecisionCurve:
    """Net benefit of a classifier, of treating all patients, and of treating none.

    :func:`decision_curve` makes this object. All parameters are stored as attributes.
    The net benefit of treating none is 0. `print(curve)` shows about ten thresholds,
    and :meth:`to_frame` returns all. It is also a display: :meth:`plot` returns the
    object itself, with `figure_` and `ax_`.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        Probabilities from which a patient is treated.
    net_benefit : ndarray of shape (n_thresholds,)
        Net benefit of the classifier.
    low, high : ndarray of shape (n_thresholds,)
        Bounds of the interval of the net benefit of the classifier.
    treat_all : ndarray of shape (n_thresholds,)
        Net benefit of treating all patients.
    confidence_level : float
        Confidence level of the interval.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves, after :meth:`plot`.
    figure_ : matplotlib Figure
        Figure with the curves, after :meth:`plot`.

    Examples
    --------
    >>> from cxrclf.metrics import decision_curve
    >>> y_true, y_score = [1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1]
    >>> curve = decision_curve(y_true, y_score, thresholds=[0.2, 0.5])
    >>> curve.net_benefit.tolist()
    [0.4375, 0.0]
    >>> print(curve)
    threshold            net benefit  treat all
    0.2        0.438 [-0.609, 1.484]      0.375
    0.5        0.000 [-1.299, 1.299]      0.000
    [low, high]: 95 % confidence intervals. The net benefit of treating none is 0.
    The interval lies above treating all and none at 0 of 2 thresholds.
    """

    def __init__(
        self,
        thresholds: np.ndarray,
        net_benefit: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        treat_all: np.ndarray,
        *,
        confidence_level: float = 0.95,
    ):
        self.thresholds = thresholds
        self.net_benefit = net_benefit
        self.low = low
        self.high = high
        self.treat_all = treat_all
        self.confidence_level = confidence_level

    def __repr__(self) -> str:
        return (
            f"<DecisionCurve of {len(self.thresholds)} thresholds, better than "
            f"treating all or none at {self._count_better()} of them>"
        )

    def __str__(self) -> str:
        n = len(self.thresholds)
        step = int(np.ceil(n / 10))  # 0.1, 0.2, ... of 0.01, 0.02, ...
        chosen = range(step - 1, n, step)
        lines = [
            [
                f"{self.thresholds[i]:g}",
                format_score([self.net_benefit[i], self.low[i], self.high[i]]),
                f"{self.treat_all[i]:.3f}",
            ]
            for i in chosen
        ]
        level = f"{100 * self.confidence_level:g} %"
        footer = [
            f"[low, high]: {level} confidence intervals. The net benefit of treating "
            "none is 0.",
            "The interval lies above treating all and none at "
            f"{self._count_better()} of {n} thresholds.",
        ]
        if len(lines) < n:
            footer.append(f"{len(lines)} of {n} thresholds are shown.")
        return "\n".join([as_text(["threshold", "net benefit", _ALL], lines), *footer])

    def _count_better(self) -> int:
        """Return the number of thresholds with an interval above both rules."""
        return int((self.low > np.maximum(self.treat_all, 0)).sum())

    def to_frame(self) -> Any:
        """Return the curves as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_thresholds, 6)
            Columns `threshold`, `net_benefit`, `low`, `high`, `treat_all` and
            `treat_none`.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="DecisionCurve.to_frame"
        )
        return pandas.DataFrame(
            {
                "threshold": self.thresholds,
                "net_benefit": self.net_benefit,
                "low": self.low,
                "high": self.high,
                "treat_all": self.treat_all,
                "treat_none": np.zeros(len(self.thresholds)),
            }
        )

    def plot(self, ax: Any = None, *, name: str = "classifier") -> "DecisionCurve":
        """Plot the curves, with a band for the interval of the classifier.

        Curves of several classifiers on one axes have different colors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. By default new axes.
        name : str, default="classifier"
            Name of the classifier in the legend.

        Returns
        -------
        DecisionCurve
            The object itself, with `figure_` and `ax_`:
            ``curve.plot().figure_.savefig("benefit.png")``.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        pyplot = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="DecisionCurve.plot"
        )
        if ax is None:
            _, ax = pyplot.subplots(figsize=(5, 4), layout="constrained")
        x, color = self.thresholds, next_colors(ax)[0]
        is_first = _ALL not in ax.get_legend_handles_labels()[1]
        ax.fill_between(x, self.low, self.high, color=color, alpha=0.2, linewidth=0)
        ax.plot(x, self.net_benefit, color=color, label=name)
        ax.plot(x, self.treat_all, "--", color="0.4", label=_ALL if is_first else None)
        if is_first:
            ax.axhline(0, color="0.4", linestyle=":", label=_NONE)
        # The curve of treating all falls without end. Bounds of one patient are nan.
        lowest = min(0.0, float(self.net_benefit.min()))
        tops = self.high, self.net_benefit, self.treat_all, [0.01]
        highest = float(np.nanmax(np.concatenate(tops)))
        low, high = max(lowest, -highest) - 0.05 * highest, 1.05 * highest
        if not is_first:
            limits = ax.get_ylim()
            low, high = min(low, limits[0]), max(high, limits[1])
        ax.set(
            xlabel="Threshold of probability", ylabel="Net benefit", ylim=(low, high)
        )
        ax.legend(frameon=False)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


def decision_curve(
    y_true: Any,
    y_score: Any,
    *,
    thresholds: Any = None,
    groups: Any = None,
    confidence_level: float = 0.95,
) -> DecisionCurve:
    """Compute the net benefit of a classifier over thresholds of probability.

    A patient is treated, or examined further, if the probability of disease is at least
    the threshold. The threshold expresses how many needless treatments a doctor accepts
    for one correct treatment: 9 at a threshold of 0.1. The net benefit is the number of
    correct treatments minus the weighted number of needless treatments, per image [1]_.
    A classifier is of use at the thresholds where its net benefit is larger than the
    net benefits of treating all patients and of treating none.

    Parameters
    ----------
    y_true : array-like of shape (n,) of bool or 0 and 1
        Whether the patient of an image has the disease.
    y_score : array-like of shape (n,)
        Probability of the disease.
    thresholds : array-like of shape (n_thresholds,), default=None
        Probabilities in [0, 1) from which a patient is treated. By default 0.01, 0.02,
        ..., 0.99.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    DecisionCurve
        Net benefits, with :meth:`~DecisionCurve.plot` and
        :meth:`~DecisionCurve.to_frame`.

    Raises
    ------
    ValueError
        If there are no images, if lengths differ, if scores are not probabilities, or
        if a parameter is invalid.

    See Also
    --------
    calibration_scores : Check first that the probabilities are calibrated.

    Notes
    -----
    The share of images with disease in `y_true` counts as the prevalence. The net
    benefit does not hold for a population with another prevalence.

    The net benefit is a mean over images. Its interval comes from the variance over
    patients and Student's t distribution, and is nan for one patient. The bounds belong
    to one threshold each, not to the curve as a whole.

    References
    ----------
    .. [1] A. J. Vickers and E. B. Elkin, "Decision curve analysis: a novel method for
       evaluating prediction models", Medical Decision Making 26, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import decision_curve
    >>> rng = np.random.default_rng(0)
    >>> y_score = rng.random(500)
    >>> y_true = rng.random(500) < y_score
    >>> curve = decision_curve(y_true, y_score, thresholds=[0.1, 0.5])
    >>> (curve.net_benefit > curve.treat_all).tolist()
    [True, True]
    """
    check_level(confidence_level)
    y_true = check_binary(y_true)
    n = len(y_true)
    scores = check_scores(y_score, n)
    if n == 0:
        raise ValueError("There are no images: y_true is empty.")
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError(
            "y_score must hold probabilities in [0, 1], got values from "
            f"{scores.min():g} to {scores.max():g}. Pass a column of predict_proba."
        )
    if thresholds is None:
        limits = np.arange(1, 100) / 100
    else:
        limits = check_scores(thresholds, np.size(thresholds), "thresholds")
    if not len(limits) or limits.min() < 0 or limits.max() >= 1:
        raise ValueError(f"thresholds must lie in [0, 1), got {thresholds!r:.60}.")
    patients = index_patients(groups, n)
    m = patients.max() + 1
    sizes = np.bincount(patients)
    weights = limits / (1 - limits)
    benefit, half = np.empty(len(limits)), np.full(len(limits), np.nan)
    for i, (limit, weight) in enumerate(zip(limits, weights, strict=True)):
        values = (scores >= limit) * np.where(y_true, 1.0, -weight)
        benefit[i] = values.mean()
        if m > 1:
            residuals = np.bincount(patients, values) - benefit[i] * sizes
            error = np.sqrt(float(residuals @ residuals) * m / (m - 1)) / n
            half[i] = t.isf((1 - confidence_level) / 2, m - 1) * error
    share = float(y_true.mean())
    return DecisionCurve(
        limits,
        benefit,
        benefit - half,
        benefit + half,
        share - (1 - share) * weights,
        confidence_level=confidence_level,
    )
