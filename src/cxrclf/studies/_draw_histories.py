"""Draw the learning curves of the folds of a network."""

import numpy as np

from cxrclf._utils.optional import import_optional

_COLORS = {"train": "#0072b2", "valid": "#d55e00"}  # of Okabe and Ito
_NAMES = {"train": "training", "valid": "validation"}


def draw_histories(histories):
    """Draw the loss and the accuracy per epoch: mean and range over the folds.

    Parameters
    ----------
    histories : sequence of dict of str to list
        History of each fold, with one value per epoch for the keys `train_loss`,
        `train_accuracy`, `valid_loss`, `valid_accuracy` and `phase`. Each key may be
        missing. Folds may have different numbers of epochs.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a study report"
    )
    scores = list_scores(histories)
    figure, axes = pyplot.subplots(
        len(scores),
        figsize=(5.5, 2.5 * len(scores) + 0.3),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, score in zip(axes[:, 0], scores, strict=True):
        for part, color in _COLORS.items():
            found = [history.get(f"{part}_{score}", []) for history in histories]
            values = stack_epochs(found)
            has_values = np.isfinite(values).any(axis=0)
            if not has_values.any():
                continue
            values = values[:, has_values]
            epochs = 1 + np.flatnonzero(has_values)
            low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
            ax.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
            ax.plot(
                epochs,
                np.nanmean(values, axis=0),
                color=color,
                marker="o" if len(epochs) < 3 else None,
                label=_NAMES[part],
            )
        for epoch in _find_phases(histories):
            ax.axvline(epoch + 0.5, color="0.6", linestyle=":", linewidth=1)
        ax.set_ylabel(score)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="0.92")
        ax.set_axisbelow(True)
    axes[0, 0].legend(frameon=False, fontsize=9)
    axes[-1, 0].set_xlabel("epoch")
    axes[-1, 0].xaxis.get_major_locator().set_params(integer=True)
    return figure


def list_scores(histories):
    """Return the scores that histories have values of: "loss" and "accuracy".

    Parameters
    ----------
    histories : sequence of dict of str to list
        History of each fold.

    Returns
    -------
    list of str
    """
    return [
        score
        for score in ("loss", "accuracy")
        if any(
            np.isfinite(
                np.asarray(history.get(f"{part}_{score}", []), dtype=float)
            ).any()
            for history in histories
            for part in _COLORS
        )
    ]


def stack_epochs(values):
    """Return values per fold and epoch. Epochs that a fold does not have are nan.

    Parameters
    ----------
    values : sequence of list of float
        Values per epoch of each fold.

    Returns
    -------
    ndarray of shape (n_folds, n_epochs)
    """
    stacked = np.full((len(values), max(map(len, values), default=0)), np.nan)
    for row, line in zip(stacked, values, strict=True):
        row[: len(line)] = line
    return stacked


def _find_phases(histories):
    """Return the numbers of the epochs after which another phase begins."""
    phases = np.asarray(histories[0].get("phase", []), dtype=float)
    change = np.flatnonzero(np.diff(phases) != 0) + 1
    return [epoch for epoch in change.tolist() if np.isfinite(phases[epoch])]
