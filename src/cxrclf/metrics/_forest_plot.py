"""Forest plot: scores of several rows with their intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text
from cxrclf.metrics._estimate import Estimate

_BLUE = "#0072b2"  # of Okabe and Ito
_ROW = 0.3  # inches
_PANEL = 3.0
_COLUMNS = 3  # panels side by side


def forest_plot(
    names: Sequence[str],
    scores: Mapping[str, Sequence[tuple[Estimate, bool]]],
    figure: Any = None,
) -> Any:
    """Draw scores with their intervals, one panel per score.

    Parameters
    ----------
    names : sequence of str of length n_rows
        Names of the rows. The first row has all samples: its score is a dashed line.
    scores : mapping of str to sequence of (Estimate, bool)
        Estimate of each row, and whether it comes from too few patients. These have a
        hollow marker and a gray bar.
    figure : matplotlib Figure or SubFigure, default=None
        Figure to draw in. By default a new figure.

    Returns
    -------
    matplotlib Figure
        Figure with one Axes per score.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="SubgroupTable.plot"
    )
    n_columns = min(len(scores), _COLUMNS)
    n_rows = math.ceil(len(scores) / n_columns)
    if figure is None:
        longest = max(len(name) for name in names)
        width = 0.08 * longest + 0.4 + _PANEL * n_columns
        height = (_ROW * len(names) + 0.9) * n_rows
        figure = pyplot.figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    for ax in axes[len(scores) :]:
        ax.remove()
    places = range(len(names))
    for ax, (score, estimates) in zip(axes, scores.items(), strict=False):
        ax.axvline(estimates[0][0].value, color="0.5", lw=1, ls="--", zorder=0)
        for place, (estimate, is_small) in zip(places, estimates, strict=True):
            _draw_estimate(ax, place, estimate, is_small)
        ax.set(title=score, xlabel="score and interval")
        ax.set_xlim(right=min(1.02, ax.get_xlim()[1]))
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
    axes[0].set_yticks(list(places), [plain_text(name) for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def _draw_estimate(ax: Any, place: int, estimate: Estimate, is_small: bool) -> None:
    """Draw one score and its interval."""
    color = "0.6" if is_small else _BLUE
    if not np.isnan(estimate.low):
        ax.plot([estimate.low, estimate.high], [place, place], color=color, lw=2)
    ax.plot(
        [estimate.value],
        [place],
        marker="o",
        ms=6,
        color=color,
        mfc="white" if is_small else color,
        ls="none",
    )
