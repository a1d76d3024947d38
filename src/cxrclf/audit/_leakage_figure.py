"""Figure of a leakage report."""

import numpy as np

from cxrclf._utils.optional import import_optional

# Colors of Okabe and Ito, which people with color blindness can distinguish.
_KINDS = {
    "same_patient": ("same patient", "#0072B2"),
    "exact_copy": ("exact copy", "#D55E00"),
    "near_copy": ("near copy", "#E69F00"),
    "copy": ("copy", "#D55E00"),
}


def draw_leaks(splits, scores):
    """Draw the share of affected test images per split, and the scores without them.

    Parameters
    ----------
    splits, scores : ReportTable or None
        Tables "splits" and "scores" of a :class:`~cxrclf.audit.LeakageReport`. None is
        not drawn.

    Returns
    -------
    matplotlib Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="LeakageReport.plot"
    )
    plots = [
        (draw, table)
        for draw, table in ((_draw_shares, splits), (_draw_scores, scores))
        if table is not None
    ]
    figure, axes = pyplot.subplots(
        1,
        len(plots),
        figsize=(4.8 * len(plots), 3.4),
        layout="constrained",
        squeeze=False,
    )
    for ax, (draw, table) in zip(axes.flat, plots, strict=True):
        draw(ax, table)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_shares(ax, splits):
    kinds = [name for name in _KINDS if name in splits.columns]
    place = np.arange(len(splits))
    width = 0.8 / max(len(kinds), 1)
    n_test = np.array(splits["n_test"])
    for i, name in enumerate(kinds):
        label, color = _KINDS[name]
        left = place - 0.4 + (i + 0.5) * width
        bars = ax.bar(
            left, 100 * np.array(splits[name]) / n_test, width, color=color, label=label
        )
        ax.bar_label(bars, [str(count) for count in splits[name]], fontsize="small")
    ax.set_xticks(place, [str(number) for number in splits["split"]])
    ax.set(xlabel="split", ylabel="test images that depend\non training images (%)")
    top = max((max(100 * np.array(splits[name]) / n_test) for name in kinds), default=0)
    ax.set_ylim(0, max(1.25 * top, 1))
    if kinds:
        ax.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            ncols=len(kinds),
            frameon=False,
            fontsize="small",
        )


def _draw_scores(ax, scores):
    for place, estimate in enumerate(scores["balanced_accuracy"]):
        value, low, high = estimate
        if np.isfinite(low):
            ax.plot([low, high], [place, place], color="#0072B2", linewidth=2)
        ax.plot([value], [place], "o", color="#0072B2", markersize=7)
    labels = [
        f"{name} ({n})"
        for name, n in zip(scores["test_images"], scores["n"], strict=True)
    ]
    ax.set_yticks(range(len(labels)), labels)
    ax.set(xlabel="balanced accuracy, 95 % interval", ylabel="test images")
    ax.set(xlim=(0, 1.02), ylim=(len(labels) - 0.4, -0.6))
    ax.grid(axis="x", alpha=0.3)
