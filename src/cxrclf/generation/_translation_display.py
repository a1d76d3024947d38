"""Display of images and their translations."""

import textwrap
from functools import partial

import numpy as np

from cxrclf._utils.labels import as_labels, check_label_count
from cxrclf._utils.optional import import_optional
from cxrclf.images import ImageInput, scale_bits

_CELL = 2.1  # inches
_CHARACTERS = 24  # per line of a title, at the width of a cell
_DARK = 1 / 16  # part of the range that 12 of 16 bits use
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2
_MOST = 20
_OPACITY = 0.7  # of the largest value of a map
_CHANGES, _MAP = "PuOr_r", "viridis"  # color-blind readers can tell these colors


class TranslationDisplay:
    """Radiographs, their translations to another class, and the changes.

    Each row shows an image, its translation, and the change of each pixel: orange where
    the translation is brighter, purple where it is darker, and white where both are
    equal. The colors have one scale for all rows. An image and its translation have the
    same gray scale. With `maps`, a fourth column shows the translation with a map, such
    as a saliency map of a classifier. Then the picture shows whether the classifier
    looks at the places that the generator has changed.

    Create a display with :meth:`from_generator` or :meth:`from_images`. All parameters
    are stored as attributes.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    sources : ndarray of shape (n, H, W) or (n, H, W, C)
        At most 20 images, as integers that use the range of their type, or floats in
        [0, 1]. Colors are shown in gray.
    generated : ndarray of shape (n, H, W) or (n, H, W, C)
        Translation of each image.
    maps : array-like of shape (n, h, w), default=None
        Map of each translation, for the whole image. Its size may differ from the size
        of the images. A map is divided by its largest absolute value.
    y : array-like of shape (n,), default=None
        Class of each source image, for the titles.
    label : label, default=None
        Class of the translations, for the titles.

    Attributes
    ----------
    changes_ : ndarray of shape (n, H, W)
        Translation minus source, as a fraction of the pixel range: 1 is the difference
        of white and black.
    figure_ : matplotlib Figure
        Figure with the images.
    axes_ : ndarray of shape (n, 3) or (n, 4) of matplotlib Axes
        Axes of the sources, the translations, the changes and the maps.
    color_bar_ : matplotlib Colorbar
        Color bar of the changes.

    See Also
    --------
    CycleGANGenerator : Generator with a method ``translate``.
    cxrclf.inspection.saliency_maps : Compute maps of a classifier.
    cxrclf.inspection.SaliencyDisplay : Show maps of several classes.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import ElasticGenerator, TranslationDisplay
    >>> data = make_chest_radiographs(6, image_size=64, random_state=0)
    >>> generator = ElasticGenerator().fit(data.images, data.target)
    >>> new = generator.sample(2, "covid", random_state=0)
    >>> old = data.images[generator.source_rows(2, "covid", random_state=0)]
    >>> display = TranslationDisplay.from_images(old, new)
    >>> display.axes_.shape
    (2, 3)
    """

    def __init__(self, sources, generated, *, maps=None, y=None, label=None):
        self.sources = sources
        self.generated = generated
        self.maps = maps
        self.y = y
        self.label = label

    @classmethod
    def from_generator(
        cls, generator, X, label=None, *, reverse=False, maps=None, y=None, figure=None
    ):
        """Translate images, and draw them.

        Parameters
        ----------
        generator : CycleGANGenerator
            Fitted generator with a method ``translate(X, label)``.
        X : array-like
            At most 20 images, in any form that the generator accepts. Files are shown
            at the size of the translations.
        label : label, default=None
            Class to which the images are translated. None is the only class of the
            generator.
        reverse : bool, default=False
            Whether X has images of the class `label`, which are translated to the
            source class.
        maps : array-like of shape (n, h, w) or callable, default=None
            Map of each translation, or a function that returns the maps of the array
            of translations.
        y : array-like of shape (n,), default=None
            Class of each image, for the titles.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay

        Warns
        -----
        PixelRangeWarning
            If floats lie outside [0, 1], or integers use only a few bits of their type.
            The changes are then not fractions of the range.

        Raises
        ------
        TypeError
            If the generator cannot translate images.
        ValueError
            If there are more than 20 images, or a parameter is invalid.
        MissingDependencyError
            If matplotlib is not installed.
        """
        _import_pyplot()
        if isinstance(generator, type) or not hasattr(generator, "translate"):
            raise TypeError(
                "generator must be a fitted object with a method translate, such as "
                f"a CycleGANGenerator, got {generator!r}."
            )
        bits_stored = getattr(generator, "bits_stored", None)
        images = ImageInput.from_X(
            X,
            image_shape=getattr(generator, "image_shape", None),
            bits_stored=bits_stored,
        )
        _check_number(len(images))
        _check_y(y, len(images))
        translated = np.asarray(
            generator.translate(X, label, reverse=True)
            if reverse
            else generator.translate(X, label)
        )
        if callable(maps):
            maps = maps(translated)
        if bits_stored is not None and translated.dtype.kind in "ui":
            translated = scale_bits(translated, bits_stored)
        if images.sample_shape is not None:
            translated = translated.reshape(-1, *images.sample_shape)
        opened = images.open(
            translated.shape[1:3],
            keep_aspect_ratio=getattr(generator, "keep_aspect_ratio", False),
            cache_dir=getattr(generator, "cache_dir", None),
        )
        if reverse:
            label = getattr(generator, "source_", None)
        elif label is None:  # the only class
            label = next(iter(getattr(generator, "translators_", {})), None)
        return cls(
            opened.gather(np.arange(len(opened))),
            translated,
            maps=maps,
            y=y,
            label=label,
        ).plot(figure=figure)

    @classmethod
    def from_images(
        cls, sources, generated, *, maps=None, y=None, label=None, figure=None
    ):
        """Draw images that are translated already.

        Parameters
        ----------
        sources : ndarray of shape (n, H, W) or (n, H, W, C)
            At most 20 images, as integers that use the range of their type, or floats
            in [0, 1]. Colors are shown in gray.
        generated : ndarray of shape (n, H, W) or (n, H, W, C)
            Translation of each image.
        maps : array-like of shape (n, h, w), default=None
            Map of each translation, for the whole image.
        y : array-like of shape (n,), default=None
            Class of each source image, for the titles.
        label : label, default=None
            Class of the translations, for the titles.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay

        Warns
        -----
        PixelRangeWarning
            If floats lie outside [0, 1], or integers use only a few bits of their type.
            The changes are then not fractions of the range.

        Raises
        ------
        ValueError
            If there are more than 20 images, or shapes do not match.
        MissingDependencyError
            If matplotlib is not installed.
        """
        display = cls(sources, generated, maps=maps, y=y, label=label)
        return display.plot(figure=figure)

    def plot(self, *, figure=None):
        """Draw the images, their translations and the changes.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        TranslationDisplay
            This display, with `changes_`, `figure_`, `axes_` and `color_bar_`.

        Warns
        -----
        PixelRangeWarning
            If floats lie outside [0, 1], or integers use only a few bits of their type.
            The changes are then not fractions of the range.

        Raises
        ------
        ValueError
            If there are more than 20 images, or shapes do not match.
        MissingDependencyError
            If matplotlib is not installed.
        """
        plt = _import_pyplot()
        sources = _to_gray_fractions(self.sources, "sources")
        generated = _to_gray_fractions(self.generated, "generated")
        n, height, width = sources.shape
        if generated.shape != sources.shape:
            raise ValueError(
                f"generated must have one image of {height} × {width} pixels per "
                f"source, {sources.shape}, got {generated.shape}."
            )
        _check_number(n)
        y = _check_y(self.y, n)
        maps = None if self.maps is None else _scale_maps(self.maps, n)
        self.changes_ = generated - sources
        n_columns = 3 if maps is None else 4
        if figure is None:
            cell = _CELL * height / width + 0.3
            bars = 0.9 * (n_columns - 2)
            figure = plt.figure(
                figsize=(_CELL * n_columns + bars, max(n * cell, 2.6)),
                layout="compressed",
            )
        axes = figure.subplots(n, n_columns, squeeze=False)
        largest = np.abs(self.changes_).max() or 1.0
        translation = "" if self.label is None else f"translated to {self.label}"
        titles = ["", translation or "translation", "change", "map"]
        for ax, *panel in zip(axes, sources, generated, self.changes_, strict=True):
            _draw_pair(ax, *panel, largest)
        for row, ax in enumerate(axes):
            titles[0] = f"image {row + 1}" if y is None else str(y[row])
            for column, title in zip(ax, titles, strict=False):
                column.set(xticks=[], yticks=[])
                column.set_title(textwrap.fill(title, _CHARACTERS), fontsize=10)
        bar = partial(_add_color_bar, figure, axes)
        if maps is not None:
            colors, least = (_CHANGES, -1) if maps.min() < 0 else (_MAP, 0)
            for ax, image, values in zip(axes[:, 3], generated, maps, strict=True):
                _draw_map(ax, image, values, colors, least)
            bar(colors, 1, "fraction of the largest\nvalue of the map", least=least)
        self.color_bar_ = bar(_CHANGES, largest, "change, as a fraction\nof the range")
        self.figure_, self.axes_ = figure, axes
        return self


def _import_pyplot():
    return import_optional(
        "matplotlib.pyplot", extra="inspection", purpose="A display of cxrclf"
    )


def _check_number(n):
    if n > _MOST:
        raise ValueError(
            f"A display shows {_MOST} images at most, but there are {n}. Pass a part "
            f"of them, such as the first {_MOST}."
        )


def _check_y(y, n):
    """Check that there is one class per source image."""
    if y is None:
        return None
    y = as_labels(y, "y")
    check_label_count("y", len(y), n)
    return y


def _to_gray_fractions(images, name):
    """Return images as fractions of their pixel range, in gray, (n, H, W)."""
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not images.size or images.dtype.kind not in "buif":
        raise ValueError(
            f"{name} must be an array of images of shape (n, H, W) or (n, H, W, C), "
            f"got {images.dtype} of shape {images.shape}."
        )
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise ValueError(f"{name} has NaN or infinite pixels. Remove these images.")
    ImageInput(images, None, images).warn_of_range(_DARK)
    images = images / (np.iinfo(images.dtype).max if images.dtype.kind in "ui" else 1)
    if images.ndim == 4:
        n_channels = images.shape[3]
        images = images @ (_LUMA if n_channels == 3 else [1 / n_channels] * n_channels)
    return images


def _scale_maps(maps, n):
    """Check maps, and divide each by its largest absolute value."""
    maps = np.asarray(maps, dtype=float)
    if maps.ndim != 3 or len(maps) != n or not maps.size:
        raise ValueError(
            f"maps must have the shape (n, h, w) for {n} images, got {maps.shape}."
        )
    if not np.isfinite(maps).all():
        raise ValueError("maps have NaN or infinity. Replace them, for example by 0.")
    largest = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return maps / np.where(largest > 0, largest, 1)


def _draw_pair(axes, source, translation, change, largest):
    """Draw an image and its translation on one gray scale, and the change."""
    low = min(source.min(), translation.min())
    high = max(source.max(), translation.max())
    for ax, image in zip(axes, (source, translation), strict=False):
        ax.imshow(image, cmap="gray", vmin=low, vmax=high)
    axes[2].imshow(change, cmap=_CHANGES, vmin=-largest, vmax=largest)


def _draw_map(ax, image, values, colors, least):
    """Draw a map on an image. The opacity grows with the absolute value."""
    height, width = image.shape
    ax.imshow(image, cmap="gray")
    if values.any():
        ax.imshow(
            values,
            cmap=colors,
            vmin=least,
            vmax=1,
            alpha=_OPACITY * np.abs(values),
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
            interpolation="bilinear",
        )


def _add_color_bar(figure, axes, colors, largest, label, *, least=None):
    mappable = _import_pyplot().matplotlib.cm.ScalarMappable(cmap=colors)
    mappable.set_clim(-largest if least is None else least, largest)
    return figure.colorbar(
        mappable,
        ax=axes,
        label=label,
        fraction=0.03,
        aspect=min(10 * len(axes), 30),
    )
