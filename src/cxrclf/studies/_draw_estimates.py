"""Draw scores of several classifiers with their intervals."""

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text

# Colors of Okabe and Ito, which color-blind people can distinguish.
COLORS = ("#0072b2", "#d55e00", "#999999")
_MARKERS = "oDs"


def draw_estimates(
    names, estimates, kinds, label, *, order=None, marks=None, line=None
):
    """Draw scores of several classifiers with their intervals.

    Parameters
    ----------
    names : sequence of str of length n
        Names of the classifiers, from top to bottom.
    estimates : sequence of Estimate of length n
        Score of each classifier.
    kinds : sequence of str of length n
        Kind of each classifier. There is a legend if there are several kinds.
    label : str
        Name of the score.
    order : sequence of str, default=None
        Kinds in the order of the colors, three at most. By default in the order in
        which they occur.
    marks : dict of str to sequence of float of length n, default=None
        One name and another value for each classifier, such as the published score.
        nan stands for none.
    line : (str, float), default=None
        Name and value of a dotted line, such as chance.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a study report"
    )
    figure, ax = pyplot.subplots(
        figsize=(5.5, 1.4 + 0.34 * len(names)), layout="constrained"
    )
    different = [kind for kind in order or dict.fromkeys(kinds) if kind in kinds]
    for place, ((value, low, high), kind) in enumerate(
        zip(estimates, kinds, strict=True)
    ):
        number = list(order or different).index(kind)
        color = COLORS[number]
        if np.isfinite(low):
            ax.plot([low, high], [place, place], color=color, linewidth=2)
        ax.plot([value], [place], _MARKERS[number], color=color, markersize=6)
        ax.annotate(
            f"{value:.2f}",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
        )
    handles = []
    for kind in different:
        number = list(order or different).index(kind)
        style = {"color": COLORS[number], "label": plain_text(kind)}
        handles += ax.plot([], [], _MARKERS[number], **style)
    handles = handles if len(different) > 1 or marks else []
    for name, values in (marks or {}).items():
        handles += ax.plot(
            values, range(len(names)), "kx", markersize=7, label=plain_text(name)
        )
    if line is not None:
        ax.axvline(line[1], color="0.4", linestyle=":", linewidth=1, label=line[0])
        handles.append(ax.lines[-1])
    ax.set_yticks(range(len(names)), [plain_text(name) for name in names])
    ax.set(ylim=(len(names) - 0.4, -0.6), xlabel=label)
    ax.set_xlim(*_limits(estimates, marks, line))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", color="0.92")
    ax.set_axisbelow(True)
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(len(handles), 2),
            frameon=False,
            fontsize=9,
        )
    return figure


def _limits(estimates, marks, line):
    """Return limits of the axis: from a round number below all values to 1."""
    values = [number for estimate in estimates for number in estimate]
    values += [number for group in (marks or {}).values() for number in group]
    values += [] if line is None else [line[1]]
    lowest = np.nanmin(values) if np.isfinite(values).any() else 0
    return max(0.0, np.floor(10 * lowest - 0.2) / 10), 1.01
