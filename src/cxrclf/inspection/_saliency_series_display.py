"""Display of the saliency maps of one patient, day by day."""

import textwrap
from numbers import Real

import numpy as np

from cxrclf.inspection._draw_image import draw_image
from cxrclf.inspection._draw_outline import draw_outline
from cxrclf.inspection._gray_images import GrayImages
from cxrclf.inspection._lung_input import LungInput
from cxrclf.inspection._overlay import Overlay
from cxrclf.inspection._pyplot import import_pyplot
from cxrclf.inspection._saliency_maps import check_method, saliency_maps
from cxrclf.inspection._sort_days import sort_days
from cxrclf.inspection._targets import find_codes

_CELL = 2.1  # inches
_CHART = 1.5
_CHARACTERS = 11  # per inch and line of a title
_BLUE, _VERMILLION = "#0072b2", "#d55e00"  # of Okabe and Ito


class SaliencySeriesDisplay:
    """Radiographs of one patient in the order of days, with their saliency maps.

    Create a display with :meth:`from_estimator` or :meth:`from_maps`. All parameters
    are stored as attributes.

    The first row shows the images, and the second row the images with their maps and a
    white outline of the lungs. All maps have one scale: the color is a fraction of the
    largest value of the series. A chart shows the share of the lungs that is affected,
    and the predicted probability, per day.

    The share is a reading of the map, and not a measure of disease. It depends on the
    classifier, on the method, on `threshold`, and on the other images of the series.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    images : ndarray of shape (n, H, W)
        Gray images in the order of the days.
    maps : ndarray of shape (n, h, w)
        Maps of one class, for the whole image. Their size may differ from the size of
        the images.
    days : ndarray of shape (n,)
        Sorted days: numbers or dates. Text is not sorted.
    lungs : ndarray of shape (n, h, w) of bool
        Lung masks.
    target : label, default=None
        Class of the maps.
    probabilities : ndarray of shape (n,), default=None
        Predicted probability of the class.
    threshold : float, default=0.5
        Fraction of the largest value of the series, in (0, 1]. A pixel of the lungs is
        affected if its map has at least this value.

    Attributes
    ----------
    affected_share_ : ndarray of shape (n,)
        Affected pixels as a share of the pixels of the lungs, in [0, 1]. It is nan for
        images without lungs, and 0 if no map has a positive value.
    figure_ : matplotlib Figure
        Figure with the images.
    axes_ : ndarray of shape (2, n) of matplotlib Axes
        Axes of the images, and of the maps.
    chart_ax_ : matplotlib Axes
        Axes of the share and the probability per day.
    color_bar_ : matplotlib Colorbar
        Color bar of the maps.

    See Also
    --------
    saliency_maps : Compute the maps.
    SaliencyDisplay : Show the maps of several classes.
    saliency_in_mask : Measure how much of a map lies in the lungs.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import SaliencySeriesDisplay
    >>> data = make_chest_radiographs(3, image_size=64, random_state=0)
    >>> maps = data.images / 255
    >>> display = SaliencySeriesDisplay.from_maps(
    ...     data.images, maps, [9, 3, 7], data.masks
    ... )
    >>> display.days.tolist()
    [3, 7, 9]
    >>> display.affected_share_.shape
    (3,)
    """

    def __init__(
        self,
        images,
        maps,
        days,
        lungs,
        *,
        target=None,
        probabilities=None,
        threshold=0.5,
    ):
        self.images = images
        self.maps = maps
        self.days = days
        self.lungs = lungs
        self.target = target
        self.probabilities = probabilities
        self.threshold = threshold

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        days,
        target,
        *,
        lungs,
        method="gradcam",
        threshold=0.5,
        figure=None,
    ):
        """Compute the saliency maps of one class, and draw them in the order of days.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`saliency_maps`.
        X : array-like
            At most 20 images of one patient, in any form that the estimator accepts. In
            a pipeline, these images are shown and not the transformed images.
        days : array-like of shape (n,)
            Day of each image: numbers or dates, which are sorted, or text, which is
            not. Images of the same day stay in the given order.
        target : label
            Class that is explained.
        lungs : array-like or segmenter
            Lung masks as files or as an array of shape (n, H, W), or a fitted segmenter
            such as :class:`~cxrclf.UNetSegmenter`, which predicts them.
        method : str, Occlusion, Lime or ScoreCAM, default="gradcam"
            Method of explanation, as in :func:`saliency_maps`.
        threshold : float, default=0.5
            Fraction of the largest value of the series, in (0, 1]. A pixel of the lungs
            is affected if its map has at least this value.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencySeriesDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, if there is not one day and one mask per
            image, or if a parameter is invalid. See :func:`saliency_maps` for further
            errors.
        MissingDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> from cxrclf import CXRClassifier
        >>> from cxrclf.datasets import make_chest_radiographs
        >>> from cxrclf.inspection import SaliencySeriesDisplay
        >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
        >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1)
        >>> clf = clf.fit(data.images, data.target)
        >>> display = SaliencySeriesDisplay.from_estimator(
        ...     clf, data.images[:3], [3, 7, 9], "covid", lungs=data.masks[:3]
        ... )
        >>> display.axes_.shape
        (2, 3)
        """
        import_pyplot()
        check_method(method)
        _check_threshold(threshold)
        _check_target(target, estimator)
        shown = GrayImages(X, estimator)
        n = len(shown)
        order, days, _ = sort_days(days, n)
        lungs = LungInput(lungs, n)
        maps = saliency_maps(estimator, X, target, method=method)
        codes = find_codes(target, estimator.classes_, n)
        probabilities = estimator.predict_proba(X)[np.arange(n), codes]
        images = shown.open(maps.shape[1:])
        return cls(
            images[order],
            maps[order],
            days,
            lungs.open(shown, images, maps.shape[1:])[order],
            target=target,
            probabilities=probabilities[order],
            threshold=threshold,
        ).plot(figure=figure)

    @classmethod
    def from_maps(
        cls,
        images,
        maps,
        days,
        lungs,
        *,
        target=None,
        probabilities=None,
        threshold=0.5,
        figure=None,
    ):
        """Draw maps that are computed already, in the order of days.

        Parameters
        ----------
        images : array-like
            At most 20 images: files, or an array of shape (n, H, W) or (n, H, W, C).
            Files are read at the size of the maps.
        maps : array-like of shape (n, h, w)
            Maps of one class, for the whole image.
        days : array-like of shape (n,)
            Day of each image: numbers or dates, which are sorted, or text, which is
            not. Images of the same day stay in the given order.
        lungs : array-like or segmenter
            Lung masks as files or as an array of shape (n, H, W), or a fitted segmenter
            such as :class:`~cxrclf.UNetSegmenter`, which predicts them.
        target : label, default=None
            Class of the maps, for the legend.
        probabilities : array-like of shape (n,), default=None
            Predicted probability of the class. By default only the share is drawn.
        threshold : float, default=0.5
            Fraction of the largest value of the series, in (0, 1]. A pixel of the lungs
            is affected if its map has at least this value.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencySeriesDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or shapes do not match.
        MissingDependencyError
            If matplotlib is not installed.
        """
        _check_threshold(threshold)
        shown = GrayImages(images)
        n = len(shown)
        order, days, _ = sort_days(days, n)
        maps = np.asarray(maps)
        if maps.ndim != 3 or len(maps) != n or not maps.size:
            raise ValueError(
                f"maps must have the shape (n, h, w) for {n} images, got {maps.shape}."
            )
        if probabilities is not None:
            probabilities = np.asarray(probabilities)
            if probabilities.shape != (n,):
                raise ValueError(
                    f"probabilities must have one value for each of the {n} images, "
                    f"got an array of shape {probabilities.shape}."
                )
            probabilities = probabilities[order]
        lungs = LungInput(lungs, n)
        images = shown.open(maps.shape[1:])
        return cls(
            images[order],
            maps[order],
            days,
            lungs.open(shown, images, maps.shape[1:])[order],
            target=target,
            probabilities=probabilities,
            threshold=threshold,
        ).plot(figure=figure)

    def plot(self, *, figure=None):
        """Draw the images, the maps, and the chart.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencySeriesDisplay
            This display, with `affected_share_`, `figure_`, `axes_`, `chart_ax_` and
            `color_bar_`.
        """
        overlay = Overlay(self.maps, per_image=False)
        n, height, width = self.images.shape
        self.affected_share_ = _affected_share(self.maps, self.lungs, self.threshold)
        cell = np.clip(14 / n, 1.2, _CELL)
        side = cell * height / width + 0.3
        if figure is None:
            size = max(n * cell, 3.5) + 1.7, 2 * side + _CHART + 0.8
            figure = import_pyplot().figure(figsize=size, layout="constrained")
        grid = figure.add_gridspec(3, n, height_ratios=[side, side, _CHART])
        axes = np.array(
            [[figure.add_subplot(grid[i, j]) for j in range(n)] for i in range(2)]
        )
        names = sort_days(self.days, n)[2]
        names = [textwrap.fill(name, int(_CHARACTERS * cell)) for name in names]
        for column in range(n):
            draw_image(axes[0, column], self.images[column])
            axes[0, column].set_title(names[column], fontsize=10)
            ax, share = axes[1, column], self.affected_share_[column]
            extent = overlay.draw(ax, self.images[column], overlay.values[column])
            draw_outline(ax, self.lungs[column], extent, "white", width=0.8)
            label = "no lungs" if np.isnan(share) else f"{share:.0%} of lungs"
            ax.set_xlabel(label, fontsize=10)
        self.color_bar_ = overlay.add_color_bar(figure, axes)
        self.chart_ax_ = figure.add_subplot(grid[2, :])
        self._draw_chart(self.chart_ax_, names)
        figure.legend(
            *self.chart_ax_.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=2,
        )
        self.figure_, self.axes_ = figure, axes
        return self

    def _draw_chart(self, ax, names):
        """Draw the share and the probability per day."""
        kind = np.asarray(self.days).dtype.kind
        x = np.arange(len(names)) if kind == "U" else self.days
        ax.plot(
            x, self.affected_share_, "o-", color=_BLUE, label="affected share of lungs"
        )
        if self.probabilities is not None:
            label = "probability"
            if self.target is not None:
                label += f" of {self.target}"
            ax.plot(x, self.probabilities, "s--", color=_VERMILLION, label=label)
        ax.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1])
        ax.grid(axis="y", color="0.9")
        if kind == "U":
            ax.set_xticks(x, names)
        elif len(np.unique(self.days)) == 1:
            ax.set_xticks(self.days[:1], names[:1])
        elif kind in "MO":
            dates = import_pyplot().matplotlib.dates
            locator = dates.AutoDateLocator(minticks=3, maxticks=8)
            ax.xaxis.set_major_locator(locator)
            ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        else:
            ax.set_xlabel("day")
            whole = np.array_equal(self.days, np.rint(self.days))
            ax.xaxis.get_major_locator().set_params(integer=whole)


def _affected_share(maps, lungs, threshold):
    """Return the share of pixels of the lungs with a large value, per image."""
    largest = maps.max()
    if largest <= 0:
        affected = np.zeros(maps.shape, dtype=bool)
    else:
        affected = maps >= threshold * largest
    n_pixels = lungs.sum(axis=(1, 2))
    return np.divide(
        (affected & lungs).sum(axis=(1, 2)),
        n_pixels,
        out=np.full(len(maps), np.nan),
        where=n_pixels > 0,
    )


def _check_threshold(threshold):
    if not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise ValueError(f"threshold must be in (0, 1], got {threshold!r}.")


def _check_target(target, estimator):
    """Check that `target` is one label."""
    is_all = isinstance(target, str) and target == "all"
    classes = np.asarray(getattr(estimator, "classes_", [])).tolist()
    if target is None or np.ndim(target) or (is_all and "all" not in classes):
        raise ValueError(
            f"A series needs one class, the same for all days, got target={target!r}. "
            f"Pass one of the classes, {classes}."
        )
