"""Draw maps on gray images."""

import numpy as np

from cxrclf.inspection._draw_image import draw_image
from cxrclf.inspection._pyplot import import_pyplot

_OPACITY = 0.7
_NEGATIVE, _POSITIVE = "#8073ac", "#e08214"  # purple and orange of PuOr


class Overlay:
    """Maps in colors, on gray images.

    Maps without negative values have the colors of viridis. Signed maps have two colors
    of PuOr: purple for negative values, and orange for positive ones. Color-blind
    readers can tell these colors. The opacity grows with the absolute value, and 0 is
    transparent.

    Parameters
    ----------
    maps : array-like of shape (n, ...)
        Maps of n images.
    per_image : bool, default=True
        Whether the maps of each image are divided by their largest absolute value. If
        False, all maps are divided by the largest absolute value of all images.

    Attributes
    ----------
    values : ndarray of shape (n, ...)
        Scaled maps, in [0, 1] or [-1, 1]. Maps of 0 stay 0.
    signed : bool
        Whether there are negative values.

    Raises
    ------
    ValueError
        If maps have NaN or infinity.
    """

    def __init__(self, maps, *, per_image=True):
        maps = np.asarray(maps, dtype=float)
        if not np.isfinite(maps).all():
            raise ValueError("maps have NaN or infinity. Replace them, as by 0.")
        axes = tuple(range(1 if per_image else 0, maps.ndim))
        largest = np.abs(maps).max(axis=axes, keepdims=True)
        self.values = np.divide(maps, largest, out=maps.copy(), where=largest > 0)
        self.signed = bool((maps < 0).any())
        self.per_image = per_image

    @property
    def colors(self):
        """Colormap with opacities, of matplotlib."""
        matplotlib = import_pyplot().matplotlib
        steps = np.linspace(0, 1, 257)
        if self.signed:
            two = [_NEGATIVE, _POSITIVE]
            colors = matplotlib.colors.to_rgba_array(two)[(steps > 0.5).astype(int)]
            opacity = np.abs(2 * steps - 1)
        else:
            colors = matplotlib.colormaps["viridis"](steps)
            opacity = steps
        colors[:, 3] = _OPACITY * opacity
        return matplotlib.colors.ListedColormap(colors)

    def draw(self, ax, image, values=None):
        """Draw an image, and a scaled map on it.

        Parameters
        ----------
        ax : Axes of matplotlib
        image : ndarray of shape (H, W)
        values : ndarray of shape (h, w), default=None
            One of `values`. Nothing is drawn for a map of 0.

        Returns
        -------
        tuple of float
            Extent of the image.
        """
        extent = draw_image(ax, image)
        if values is not None and values.any():
            ax.imshow(
                values,
                cmap=self.colors,
                vmin=-1 if self.signed else 0,
                vmax=1,
                extent=extent,
                interpolation="bilinear",
            )
        return extent

    def add_color_bar(self, figure, axes):
        """Add the color bar of the maps beside some axes.

        Parameters
        ----------
        figure : Figure of matplotlib
        axes : ndarray of shape (n_rows, n_columns) of Axes

        Returns
        -------
        Colorbar of matplotlib
        """
        mappable = import_pyplot().matplotlib.cm.ScalarMappable(cmap=self.colors)
        mappable.set_clim(-1 if self.signed else 0, 1)
        whole = "image" if self.per_image else "series"
        kind = "largest absolute" if self.signed else "largest"
        bar = figure.colorbar(
            mappable,
            ax=axes,
            label=f"fraction of the {kind}\nvalue of the {whole}",
            fraction=0.03,
            aspect=min(10 * len(axes), 30),
        )
        bar.ax.set_facecolor("0.35")  # a gray of radiographs, behind the transparency
        return bar
