"""Display of saliency maps."""

import textwrap

import numpy as np

from cxrclf._utils.labels import as_labels
from cxrclf.inspection._gray_images import GrayImages
from cxrclf.inspection._overlay import Overlay
from cxrclf.inspection._pyplot import import_pyplot
from cxrclf.inspection._saliency_maps import check_method, saliency_maps
from cxrclf.inspection._targets import find_codes

_CELL = 2.1  # inches
_CHARACTERS = 24  # per line of a title, at the width of a cell


class SaliencyDisplay:
    """Radiographs with saliency maps of one or more classes.

    Create a display with :meth:`from_estimator` or :meth:`from_maps`. All parameters
    are stored as attributes.

    Each row shows an image, and then the image with the map of each class. The color is
    a fraction of the largest value of the image, over all shown classes. The classes of
    an image can therefore be compared, but not the colors of two images. The opacity
    grows with the value. Maps with negative values have two colors: orange for the
    class, and purple against it. A map of 0 is not drawn.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    images : ndarray of shape (n, H, W)
        Gray images.
    maps : ndarray of shape (n, k, h, w)
        Maps of k classes, for the whole image. Their size may differ from the size of
        the images.
    targets : ndarray of shape (n, k), default=None
        Class of each map.
    probabilities : ndarray of shape (n, k), default=None
        Predicted probability of the class of each map.
    y : ndarray of shape (n,), default=None
        True class of each image.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the images.
    axes_ : ndarray of shape (n, 1 + k) of matplotlib Axes
        Axes of the images and of the maps.
    color_bar_ : matplotlib Colorbar
        Color bar of the maps.

    See Also
    --------
    saliency_maps : Compute the maps.
    SaliencySeriesDisplay : Show the images of one patient on one scale.
    LimeDisplay : Show superpixels for and against a class.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import SaliencyDisplay
    >>> data = make_chest_radiographs(3, image_size=64, random_state=0)
    >>> maps = data.masks.astype(float)
    >>> display = SaliencyDisplay.from_maps(data.images, maps, y=data.target)
    >>> display.axes_.shape
    (3, 2)
    """

    def __init__(self, images, maps, *, targets=None, probabilities=None, y=None):
        self.images = images
        self.maps = maps
        self.targets = targets
        self.probabilities = probabilities
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        target="all",
        *,
        method="gradcam",
        branch=None,
        y=None,
        figure=None,
    ):
        """Compute the saliency maps of a classifier, and draw them.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`saliency_maps`.
        X : array-like
            At most 20 images, in any form that the estimator accepts. In a pipeline,
            these images are shown and not the transformed images.
        target : "all", None, label, or array-like of shape (n,), default="all"
            Class that is explained: all classes (``"all"``), the predicted class of
            each image (None), one class for all images, or one class per image.
        method : str, Occlusion, Lime or ScoreCAM, default="gradcam"
            Method of explanation, as in :func:`saliency_maps`.
        branch : int, default=None
            Number of the backbone, counted from 0, of a classifier with several
            backbones. None uses the map of all backbones together.
        y : array-like of shape (n,), default=None
            True class of each image, for the titles.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencyDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or a parameter is invalid. See
            :func:`saliency_maps` for further errors.
        MissingDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> from cxrclf import CXRClassifier
        >>> from cxrclf.datasets import make_chest_radiographs
        >>> from cxrclf.inspection import SaliencyDisplay
        >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
        >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1)
        >>> clf = clf.fit(data.images, data.target)
        >>> display = SaliencyDisplay.from_estimator(
        ...     clf, data.images[:2], y=data.target[:2]
        ... )
        >>> display.axes_.shape
        (2, 4)
        """
        import_pyplot()
        check_method(method, branch)
        shown = GrayImages(X, estimator)
        y = _check_y(y, len(shown))
        maps = saliency_maps(estimator, X, target, method=method, branch=branch)
        classes = estimator.classes_
        target = estimator.predict(X) if target is None else target
        codes = find_codes(target, classes, len(shown))
        if isinstance(codes, str):
            codes = np.tile(np.arange(len(classes)), (len(shown), 1))
        else:
            codes, maps = codes[:, None], maps[:, None]
        return cls(
            shown.open(maps.shape[-2:]),
            maps,
            targets=classes[codes],
            probabilities=np.take_along_axis(estimator.predict_proba(X), codes, 1),
            y=y,
        ).plot(figure=figure)

    @classmethod
    def from_maps(
        cls, images, maps, *, targets=None, probabilities=None, y=None, figure=None
    ):
        """Draw maps that are computed already.

        Parameters
        ----------
        images : array-like
            At most 20 images: files, or an array of shape (n, H, W) or (n, H, W, C).
            Files are read at the size of the maps.
        maps : array-like of shape (n, h, w) or (n, k, h, w)
            One map per image, or k maps per image, for the whole image.
        targets : array-like of shape (n,), (k,) or (n, k), default=None
            Class of each map: one label per image for (n, h, w) maps, and else one
            label for each of the k maps.
        probabilities : array-like of shape (n,) or (n, k), default=None
            Predicted probability of the class of each map.
        y : array-like of shape (n,), default=None
            True class of each image, for the titles.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencyDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or shapes do not match.
        MissingDependencyError
            If matplotlib is not installed.
        """
        shown = GrayImages(images)
        maps = np.asarray(maps)
        n = len(shown)
        if maps.ndim not in (3, 4) or len(maps) != n or not maps.size:
            raise ValueError(
                f"maps must have the shape (n, h, w) or (n, k, h, w) for {n} images, "
                f"got {maps.shape}."
            )
        single = maps.ndim == 3
        maps = maps[:, None] if single else maps
        shape = maps.shape[:2]
        return cls(
            shown.open(maps.shape[-2:]),
            maps,
            targets=_check_per_map(targets, "targets", shape, single),
            probabilities=_check_per_map(probabilities, "probabilities", shape, single),
            y=_check_y(y, n),
        ).plot(figure=figure)

    def plot(self, *, figure=None):
        """Draw the images and the maps.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        SaliencyDisplay
            This display, with `figure_`, `axes_` and `color_bar_`.
        """
        overlay = Overlay(self.maps)
        n, k = self.maps.shape[:2]
        if figure is None:
            height, width = self.images.shape[1:]
            cell = _CELL * height / width + 0.3
            figure = import_pyplot().figure(
                figsize=(_CELL * (k + 1) + 0.9, max(n * cell, 2.6)), layout="compressed"
            )
        axes = figure.subplots(n, k + 1, squeeze=False)
        for row in range(n):
            overlay.draw(axes[row, 0], self.images[row])
            title = f"image {row + 1}" if self.y is None else str(self.y[row])
            axes[row, 0].set_title(textwrap.fill(title, _CHARACTERS), fontsize=10)
            for column in range(k):
                ax = axes[row, column + 1]
                overlay.draw(ax, self.images[row], overlay.values[row, column])
                ax.set_title(self._title(row, column), fontsize=10)
        self.color_bar_ = overlay.add_color_bar(figure, axes)
        self.figure_, self.axes_ = figure, axes
        return self

    def _title(self, row, column):
        parts = []
        if self.targets is not None:
            parts.append(str(self.targets[row, column]))
        if self.probabilities is not None:
            parts.append(f"{self.probabilities[row, column]:.2f}")
        return textwrap.fill(" ".join(parts), _CHARACTERS)


def _check_y(y, n):
    """Check that there is one true class per image."""
    if y is None:
        return None
    y = as_labels(y, "y")
    if len(y) != n:
        raise ValueError(f"y has {len(y)} labels, but X has {n} images.")
    return y


def _check_per_map(values, name, shape, single):
    """Return an array of shape (n, k), with a value for each map."""
    if values is None:
        return None
    values = np.asarray(values)
    accepted = {shape: values}
    if values.ndim == 1 and single and len(values) == shape[0]:
        accepted = {values.shape: values[:, None]}
    elif name == "targets" and not single and values.shape == shape[1:]:
        accepted = {values.shape: np.tile(values, (shape[0], 1))}
    if values.shape not in accepted:
        raise ValueError(
            f"{name} must have one value for each of the maps, in an array of shape "
            f"{shape[:1] if single else shape}, got {values.shape}."
        )
    return accepted[values.shape]
