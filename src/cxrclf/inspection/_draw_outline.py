"""Draw the outline of a region."""

import numpy as np


def draw_outline(ax, mask, extent, color, style="-", width=1.5):
    """Draw the outline of a mask on an image.

    Parameters
    ----------
    ax : Axes of matplotlib
    mask : ndarray of shape (h, w) of bool
        Region, for the whole image. Nothing is drawn if it is empty.
    extent : tuple of float
        Left, right, bottom and top of the image.
    color : color of matplotlib
    style : str, default="-"
        Line style.
    width : float, default=1.5
        Line width in points.
    """
    if not mask.any():
        return
    left, right, bottom, top = extent
    rows, columns = mask.shape
    # A border of zeros closes outlines at the border of the image. The level of 0.5
    # lies between the centers of two pixels, which is their common edge.
    x = left + (np.arange(-1, columns + 1) + 0.5) * (right - left) / columns
    y = top + (np.arange(-1, rows + 1) + 0.5) * (bottom - top) / rows
    ax.contour(
        x,
        y,
        np.pad(mask.astype(float), 1),
        levels=[0.5],
        colors=color,
        linestyles=style,
        linewidths=width,
    )
    ax.set(xlim=(left, right), ylim=(bottom, top))
