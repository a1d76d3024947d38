"""Base class of the displays of ROC and precision-recall curves."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text
from cxrclf.metrics._class_choice import choose_classes
from cxrclf.metrics._class_curve import ClassCurve
from cxrclf.metrics._class_predictor import (
    ClassPredictor,
    sort_classes,
    warn_of_unfitted,
)
from cxrclf.metrics._curve_colors import next_colors
from cxrclf.metrics._predictions import Predictions
from cxrclf.metrics._rank_scores import rank_scores


class CurveDisplay(ABC):
    """Curves of each class against the rest.

    A subclass defines the area, the labels of the axes and the baseline, and how points
    are connected: None stands for straight lines, and "pre" for steps.
    """

    _area: str
    _labels: tuple[str, str]
    _step: Literal["pre"] | None = None

    def __init__(
        self, curves: Mapping[Any, ClassCurve], *, confidence_level: float = 0.95
    ):
        self.curves = dict(curves)
        self.confidence_level = confidence_level

    @classmethod
    def from_predictions(
        cls,
        predictions: Predictions,
        *,
        classes: Any = None,
        confidence_level: float = 0.95,
        band: bool = True,
        ax: Any = None,
    ) -> Self:
        """Draw the curves of predictions.

        Parameters
        ----------
        predictions : Predictions
            Predictions with `y_score`. If they have folds, the mean curve of the folds
            is drawn, too.
        classes : label or array-like of labels, default=None
            Classes to draw. None draws all classes, and only the last class of two.
        confidence_level : float, default=0.95
            Confidence level of the intervals, in (0, 1).
        band : bool, default=True
            Whether to draw the intervals of the curves.
        ax : matplotlib Axes, default=None
            Axes to draw in. By default the axes of a new figure.

        Returns
        -------
        display
            Display of the drawn figure, with `figure_`, `ax_` and `lines_`.

        Raises
        ------
        ValueError
            If there are no scores, if a class does not exist, or if no drawn class has
            samples with it and without it.
        MissingDependencyError
            If matplotlib is not installed.
        """
        _import_pyplot()
        check_level(confidence_level)
        y_score = predictions.y_score
        if y_score is None:
            raise ValueError(
                "These predictions have no y_score. Use an estimator with "
                "predict_proba, or pass y_score to Predictions."
            )
        y_score = rank_scores(y_score)
        patients = index_patients(predictions.units, len(predictions))
        curves = {}
        for label in choose_classes(classes, predictions.classes.tolist()):
            y_true = predictions.y_true == label
            if y_true.all() or not y_true.any():
                continue
            code = predictions.classes.tolist().index(label)
            curves[label] = cls._make_curve(
                y_true, y_score[:, code], patients, predictions.fold, confidence_level
            )
        if not curves:
            raise ValueError(
                "A curve needs samples with and without the class. All samples belong "
                "to one class."
            )
        display = cls(curves, confidence_level=confidence_level)
        return display.plot(band=band, ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        classes: Any = None,
        confidence_level: float = 0.95,
        band: bool = True,
        ax: Any = None,
    ) -> Self:
        """Predict samples with a fitted classifier, and draw the curves.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier with `predict_proba`.
        X : array-like of n samples
            Test samples in any form that the estimator accepts.
        y : array-like of shape (n,)
            Class labels. A :class:`cxrclf.LabelMapClassifier` is scored in its scheme.
        groups : array-like of shape (n,), default=None
            Patient id of each sample. None stands for one sample per patient.
        classes : label or array-like of labels, default=None
            Classes to draw. None draws all classes, and only the last class of two.
        confidence_level : float, default=0.95
            Confidence level of the intervals, in (0, 1).
        band : bool, default=True
            Whether to draw the intervals of the curves.
        ax : matplotlib Axes, default=None
            Axes to draw in. By default the axes of a new figure.

        Returns
        -------
        display
            Display of the drawn figure, with `figure_`, `ax_` and `lines_`.

        Raises
        ------
        ValueError
            If labels or ids are invalid. See :meth:`from_predictions` for other errors.
        MissingDependencyError
            If matplotlib is not installed.
        """
        _import_pyplot()
        y = check_labels(y)
        predictor = ClassPredictor()
        found = predictor.find_classes(estimator, y)
        warn_of_unfitted(found.unfitted)
        labels = sort_classes(found.classes)
        y_pred, y_score = predictor.predict(estimator, X, labels, found.merged)
        check_label_count("y", len(y), len(y_pred))
        predictions = Predictions(
            found.y_true, y_pred, y_score, classes=labels, groups=groups
        )
        return cls.from_predictions(
            predictions,
            classes=classes,
            confidence_level=confidence_level,
            band=band,
            ax=ax,
        )

    @classmethod
    @abstractmethod
    def _make_curve(
        cls,
        y_true: np.ndarray,
        score: np.ndarray,
        patients: np.ndarray,
        fold: np.ndarray | None,
        level: float,
    ) -> ClassCurve:
        """Compute the curve of one class."""

    @abstractmethod
    def _draw_baseline(self, ax: Any, colors: Mapping[Any, str]) -> None:
        """Draw the curve of a classifier without skill."""

    def plot(self, ax: Any = None, *, band: bool = True) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. By default the axes of a new figure.
        band : bool, default=True
            Whether to draw the intervals of the curves.

        Returns
        -------
        display
            The display itself, with `figure_`, `ax_` and `lines_`.
        """
        pyplot = _import_pyplot()
        if ax is None:
            n_entries = sum(1 + (of.folds is not None) for of in self.curves.values())
            figure = pyplot.figure(
                figsize=(5.5, 5.2 + 0.24 * n_entries), layout="constrained"
            )
            ax = figure.add_subplot()
        n_curves = len(self.curves)
        colors = dict(zip(self.curves, next_colors(ax, n_curves), strict=True))
        self._draw_baseline(ax, colors)
        self.lines_ = {}
        for label, curve in self.curves.items():
            color = colors[label]
            (self.lines_[label],) = ax.plot(
                curve.x,
                curve.y,
                color=color,
                lw=1.8,
                drawstyle=f"steps-{self._step}" if self._step else "default",
                label=self._describe(label, curve),
            )
            if band:
                ax.fill_between(
                    curve.band_x,
                    curve.low,
                    curve.high,
                    step=self._step,
                    color=color,
                    alpha=0.15,
                    lw=0,
                )
            if curve.folds is not None:
                ax.plot(
                    curve.folds.x,
                    curve.folds.y,
                    color=color,
                    lw=1.2,
                    ls="--",
                    drawstyle=f"steps-{self._step}" if self._step else "default",
                    label=self._describe_folds(label, curve.folds),
                )
        self._finish(ax, band)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _finish(self, ax: Any, band: bool) -> None:
        """Set the axes and the legend."""
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        ax.set(xlabel=self._labels[0], ylabel=self._labels[1])
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="0.92")
        ax.set_axisbelow(True)
        level = f"{100 * self.confidence_level:g} %"
        title = f"{self._area} [{level} interval]"
        if band:
            title += f", band: {level} interval at each threshold"
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.13),
            title=title,
            fontsize=9,
            title_fontsize=9,
            frameon=False,
        )

    def _describe(self, label: Any, curve: ClassCurve) -> str:
        """Return the entry of a curve in the legend."""
        value, low, high = curve.area
        bounds = "" if np.isnan(low) else f" [{low:.3f}, {high:.3f}]"
        pooled = "" if curve.folds is None else ", pooled"
        return plain_text(f"{label}{pooled}: {value:.3f}{bounds}")

    def _describe_folds(self, label: Any, folds: Any) -> str:
        """Return the entry of a mean curve in the legend."""
        return plain_text(
            f"{label}, mean of {folds.n_folds} folds: {folds.mean:.3f} ± {folds.sd:.3f}"
        )


def _import_pyplot() -> Any:
    return import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A display of cxrclf"
    )
