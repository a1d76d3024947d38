"""Display of translated images beside their sources."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.optional import import_optional
from cxrclf.images import ImageInput, ImageReader

_MOST = 20
_CELL = 2.1  # inches
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2


class TranslationDisplay:
    """Radiographs, their translations, and the change of each pixel.

    Create a display with :meth:`from_generator` or :meth:`from_images`. All parameters
    are stored as attributes.

    Each row shows a source image, its translation, and the difference: orange where the
    translation is brighter, purple where it is darker, white where nothing changed. All
    rows have one scale, which the color bar shows as a fraction of the range of the
    pixels. With maps, a last column shows the translation with a map on it, for example
    a saliency map of a classifier.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    sources, generated : ndarray of shape (n, H, W)
        Gray images in [0, 1], row by row.
    maps : ndarray of shape (n, H, W), default=None
        Maps of the generated images, such as those of
        :func:`cxrclf.inspection.saliency_maps`.
    titles : (str, str), default=("source", "generated")
        Titles of the first two columns.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the images.
    axes_ : ndarray of shape (n, 3) or (n, 4) of matplotlib Axes
        Axes of the images.
    color_bar_ : matplotlib Colorbar
        Color bar of the changes.

    See Also
    --------
    CycleGANGenerator : Generator with the method ``translate``.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import TranslationDisplay
    >>> images = make_chest_radiographs(3, image_size=32, random_state=0).images
    >>> display = TranslationDisplay.from_images(images, images // 2)
    >>> display.axes_.shape
    (3, 3)
    """

    def __init__(
        self, sources, generated, *, maps=None, titles=("source", "generated")
    ):
        self.sources = sources
        self.generated = generated
        self.maps = maps
        self.titles = titles

    @classmethod
    def from_generator(
        cls, generator, X, label=None, *, reverse=False, maps=None, figure=None
    ):
        """Translate images by a generator, and draw them.

        Parameters
        ----------
        generator : CycleGANGenerator
            Fitted generator.
        X : array-like
            At most 20 images, in any form of :meth:`CycleGANGenerator.translate`.
        label : label, default=None
            Generated class. None stands for the only one.
        reverse : bool, default=False
            Whether X has images of the class `label`, which are translated to the
            source class.
        maps : ndarray of shape (n, h, w), default=None
            Maps of the translated images.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or a parameter is invalid.
        MissingDependencyError
            If matplotlib is not installed.
        """
        check_is_fitted(generator)
        _import_pyplot()  # before any work
        images = ImageInput.from_X(
            X, image_shape=generator.image_shape, bits_stored=generator.bits_stored
        )
        _check_number(len(images))
        generated = generator.translate(X, label, reverse=reverse)
        sources = images.pixels
        if sources is None:
            reader = ImageReader(
                generator.image_size_,
                keep_aspect_ratio=generator.keep_aspect_ratio,
                bits_stored=generator.bits_stored,
            )
            sources = reader.fit_transform(X)
        if label is None:
            [label] = generator.translators_
        titles = str(generator.source_), str(label)
        return cls.from_images(
            sources,
            np.reshape(generated, sources.shape),
            maps=maps,
            titles=titles[::-1] if reverse else titles,
            figure=figure,
        )

    @classmethod
    def from_images(
        cls,
        sources,
        generated,
        *,
        maps=None,
        titles=("source", "generated"),
        figure=None,
    ):
        """Draw images that are translated already.

        Parameters
        ----------
        sources, generated : ndarray of shape (n, H, W) or (n, H, W, C)
            At most 20 images each, of one size, row by row: integers, or floats in
            [0, 1].
        maps : ndarray of shape (n, h, w), default=None
            Maps of the generated images.
        titles : (str, str), default=("source", "generated")
            Titles of the first two columns.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or shapes do not match.
        MissingDependencyError
            If matplotlib is not installed.
        """
        parts = [
            _to_gray(name, part)
            for name, part in (("sources", sources), ("generated", generated))
        ]
        _check_number(len(parts[0]))
        if parts[0].shape != parts[1].shape:
            raise ValueError(
                f"sources and generated must have one shape, got {parts[0].shape} and "
                f"{parts[1].shape}. Resize the larger images with cxrclf.images.resize."
            )
        if maps is not None:
            maps = np.asarray(maps, dtype=float)
            if maps.ndim != 3 or len(maps) != len(parts[0]):
                raise ValueError(
                    f"maps must have the shape ({len(parts[0])}, h, w), got "
                    f"{maps.shape}."
                )
        return cls(*parts, maps=maps, titles=titles).plot(figure=figure)

    def plot(self, *, figure=None):
        """Draw the images.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay
            This display, with `figure_`, `axes_` and `color_bar_`.
        """
        n, height, width = self.sources.shape
        n_columns = 3 if self.maps is None else 4
        if figure is None:
            figure = _import_pyplot().figure(
                figsize=(_CELL * n_columns + 0.9, n * _CELL * height / width + 0.4),
                layout="constrained",
            )
        axes = figure.subplots(n, n_columns, squeeze=False)
        change = self.generated - self.sources
        # 1 / 255 for images that are equal, whose changes have no scale.
        largest = max(np.abs(change).max(), 1 / 255)
        for row in range(n):
            for column, images in enumerate((self.sources, self.generated)):
                axes[row, column].imshow(images[row], cmap="gray", vmin=0, vmax=1)
            drawn = axes[row, 2].imshow(
                change[row], cmap="PuOr_r", vmin=-largest, vmax=largest
            )
            if self.maps is not None:
                self._draw_map(axes[row, 3], row)
        titles = (*self.titles, "change", "map")
        for ax, title in zip(axes[0], titles, strict=False):
            ax.set_title(title, fontsize=10)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
        self.color_bar_ = figure.colorbar(drawn, ax=axes[:, 2], shrink=min(1, 2 / n))
        self.color_bar_.set_label("change of the pixel, fraction of its range")
        self.figure_, self.axes_ = figure, axes
        return self

    def _draw_map(self, ax, row):
        """Draw a generated image with its map on it, opaque where it is large."""
        height, width = self.sources.shape[1:]
        ax.imshow(self.generated[row], cmap="gray", vmin=0, vmax=1)
        values = np.clip(self.maps[row], 0, None)
        values = values / max(values.max(), np.finfo(float).tiny)
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        ax.imshow(values, cmap="viridis", alpha=0.7 * values, extent=extent)


def _import_pyplot():
    return import_optional(
        "matplotlib.pyplot", extra="inspection", purpose="A display of cxrclf"
    )


def _check_number(n):
    if n > _MOST:
        raise ValueError(
            f"A display shows {_MOST} images at most, got {n}. Pass a part of them, "
            f"such as the first {_MOST}."
        )


def _to_gray(name, images):
    """Return images of shape (n, H, W) in [0, 1]."""
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not images.size or images.dtype.kind not in "uif":
        raise ValueError(
            f"{name} must be images of shape (n, H, W) or (n, H, W, C), got "
            f"{images.dtype} of shape {images.shape}."
        )
    scale = 1.0 if images.dtype.kind == "f" else np.iinfo(images.dtype).max
    values = images / scale
    if images.ndim == 4:
        values = values @ _LUMA if images.shape[-1] == 3 else values.mean(axis=-1)
    return values
