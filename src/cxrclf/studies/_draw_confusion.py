"""Draw a confusion matrix."""

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text

_DARK = 0.71  # share from which white text has more contrast than black text


def draw_confusion(matrix, classes):
    """Draw a confusion matrix with counts and shares of the true class.

    Parameters
    ----------
    matrix : ndarray of shape (n_classes, n_classes) of int
        Number of images per true class (rows) and predicted class (columns).
    classes : sequence of str
        Names of the classes.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a study report"
    )
    n = len(classes)
    matrix = np.asarray(matrix)
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    share = matrix / totals
    side = max(3.4, 1.6 + 0.9 * n)
    figure, ax = pyplot.subplots(figsize=(side, side), layout="constrained")
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row in range(n):
        for column in range(n):
            ax.text(
                column,
                row,
                f"{matrix[row, column]:,}\n{100 * share[row, column]:.0f} %",
                ha="center",
                va="center",
                color="white" if share[row, column] > _DARK else "black",
            )
    names = [plain_text(name) for name in classes]
    ax.set_xticks(
        range(n), names, rotation=30 if n > 2 else 0, ha="right" if n > 2 else "center"
    )
    ax.set_yticks(range(n), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.tick_params(length=0)
    return figure
