"""Figures of a shortcut report."""

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf.audit._probe import ESTIMATOR, PROBES

# Colors of Okabe and Ito, which people with color blindness can distinguish.
_ALARM, _BLIND, _CONTEXT, _ESTIMATOR = "#D55E00", "#0072B2", "#999999", "#000000"


def label_probe(name):
    """Return the label of a probe in a figure."""
    if name == ESTIMATOR:
        return "estimator"
    if name.startswith(ESTIMATOR):
        return f"estimator: {name.removeprefix('estimator_').replace('_', ' ')}"
    return name.replace("_", " ")


def draw_forest(scores, alarms, chance, confidence_level):
    """Draw the balanced accuracy of all classifiers with its interval.

    Parameters
    ----------
    scores : dict of str to ProbeScores
        Scores by the name of the probe. The key of the estimator is ``"estimator"``.
    alarms : sequence of str
        Names of the probes that are shortcuts.
    chance : float
        Balanced accuracy of guessing.
    confidence_level : float
        Confidence level of the intervals.

    Returns
    -------
    matplotlib Figure
    """
    pyplot = _import_pyplot()
    names = sorted(scores, key=lambda name: _rank(name))
    figure, ax = pyplot.subplots(
        figsize=(7, 1.3 + 0.34 * len(names)), layout="constrained"
    )
    for y, name in enumerate(names):
        value, low, high = scores[name].balanced_accuracy
        color = _choose_color(name, alarms)
        if np.isfinite(low):
            ax.plot([low, high], [y, y], color=color, linewidth=2)
        marker = "D" if name == ESTIMATOR else "o"
        ax.plot([value], [y], marker, color=color, markersize=7)
        ax.annotate(
            f"{value:.2f}", (1.01, y), xycoords=("axes fraction", "data"), va="center"
        )
    ax.axvline(chance, color="black", linestyle=":", linewidth=1)
    ax.annotate(
        "chance",
        (chance, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
    )
    ax.set_yticks(range(len(names)), [label_probe(name) for name in names])
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_color(_choose_color(name, alarms))
    ax.set(
        xlim=(0, 1),
        ylim=(len(names) - 0.4, -0.6),
        xlabel=f"balanced accuracy, {100 * confidence_level:g} % interval",
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    _add_legend(ax, names, alarms)
    return figure


def draw_views(pictures):
    """Draw one image as each probe sees it.

    Parameters
    ----------
    pictures : dict of str to ndarray of shape (H, W) of uint8
        Pictures by the name of the probe. The key of the whole image is ``"image"``.

    Returns
    -------
    matplotlib Figure
    """
    pyplot = _import_pyplot()
    n_columns = min(4, len(pictures))
    n_rows = -(-len(pictures) // n_columns)
    figure, axes = pyplot.subplots(
        n_rows,
        n_columns,
        figsize=(1.9 * n_columns, 2.15 * n_rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (name, picture) in zip(axes.flat, pictures.items(), strict=False):
        ax.set_axis_on()
        ax.set(xticks=[], yticks=[])
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255, aspect="equal")
        ax.set_title(label_probe(name), fontsize=9)
    return figure


def _rank(name):
    """Return the place of a classifier in the figure."""
    if name == ESTIMATOR:
        return 0, 0
    return 1 + (not PROBES[name][1]), list(PROBES).index(name)


def _choose_color(name, alarms):
    if name == ESTIMATOR:
        return _ESTIMATOR
    if name in alarms:
        return _ALARM
    return _BLIND if PROBES[name][1] else _CONTEXT


def _add_legend(ax, names, alarms):
    texts = {
        _ALARM: "shortcut: cannot see the disease, beats chance",
        _BLIND: "cannot see the disease",
        _CONTEXT: "may see signs of the disease",
    }
    used = {_choose_color(name, alarms) for name in names}
    handles = [
        ax.plot([], [], "o", color=color, label=text)[0]
        for color, text in texts.items()
        if color in used
    ]
    if handles:
        ax.figure.legend(
            handles=handles, loc="outside lower center", frameon=False, fontsize=8
        )


def _import_pyplot():
    return import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a report"
    )
