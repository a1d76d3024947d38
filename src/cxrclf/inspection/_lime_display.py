"""Display of LIME explanations."""

import textwrap

import numpy as np

from cxrclf.inspection._draw_image import draw_image
from cxrclf.inspection._draw_outline import draw_outline
from cxrclf.inspection._gray_images import GrayImages
from cxrclf.inspection._lime_explanation import lime_explanation
from cxrclf.inspection._pyplot import import_pyplot

_CELL = 2.4  # inches
_CHARACTERS = 30  # per line of a title, at the width of a cell
_FOR, _AGAINST = "#009e73", "#d55e00"  # bluish green and vermillion of Okabe and Ito
_OPACITY = 0.5
_BARS = 6


class LimeDisplay:
    """Radiographs with the superpixels for and against a class.

    Create a display with :meth:`from_estimator` or :meth:`from_explanation`. All
    parameters are stored as attributes.

    Each row shows an image, the image with its strongest superpixels, and the predicted
    probabilities [1]_. Superpixels for the class are green with a solid outline.
    Superpixels against it are orange with a dashed outline. The opacity grows with the
    absolute weight. The title has the class, its probability, and R² of the linear
    model. Superpixels of a model with a small R² do not describe the classifier. The
    bars show the six most probable classes at most, and always the explained class.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    images : ndarray of shape (n, H, W)
        Gray images.
    explanation : LimeExplanation
        Explanation of the n images. The superpixels cover the whole images, and their
        size may differ from the size of the images.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the images.
    axes_ : ndarray of shape (n, 3) of matplotlib Axes
        Axes of the images, of the superpixels and of the probabilities.

    See Also
    --------
    lime_explanation : Compute the explanation.
    SaliencyDisplay : Show maps of any method, and of several classes.

    References
    ----------
    .. [1] N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2021.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import Lime, LimeDisplay
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> method = Lime(n_segments=20, n_perturbations=100)
    >>> display = LimeDisplay.from_estimator(clf, data.images[:2], method=method)
    >>> display.axes_.shape
    (2, 3)
    """

    def __init__(self, images, explanation):
        self.images = images
        self.explanation = explanation

    @classmethod
    def from_estimator(
        cls, estimator, X, target=None, *, method=None, n_features=5, figure=None
    ):
        """Explain predictions by LIME, and draw the explanations.

        Parameters
        ----------
        estimator : classifier
            Fitted classifier, as in :func:`lime_explanation`.
        X : array-like
            At most 20 images, in any form that the estimator accepts. In a pipeline,
            these images are shown and not the transformed images.
        target : None, label, or array-like of shape (n,), default=None
            Class that is explained: the predicted class of each image (None), one class
            for all images, or one class per image.
        method : Lime, default=None
            Parameters of LIME. None uses ``Lime()``.
        n_features : int, default=5
            Number of superpixels per image that are colored: the ones with the largest
            absolute weights.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        LimeDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, or a parameter is invalid. See
            :func:`lime_explanation` for further errors.
        MissingDependencyError
            If matplotlib or scikit-image is not installed.
        """
        import_pyplot()
        _check_n_features(n_features)
        shown = GrayImages(X, estimator)
        explanation = lime_explanation(estimator, X, target, method=method)
        images = shown.open(explanation.segments.shape[1:])
        return cls(images, explanation).plot(n_features=n_features, figure=figure)

    @classmethod
    def from_explanation(cls, images, explanation, *, n_features=5, figure=None):
        """Draw an explanation that is computed already.

        Parameters
        ----------
        images : array-like
            At most 20 images: files, or an array of shape (n, H, W) or (n, H, W, C).
            Files are read at the size of the superpixels.
        explanation : LimeExplanation
            Explanation of the images.
        n_features : int, default=5
            Number of superpixels per image that are colored: the ones with the largest
            absolute weights.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        LimeDisplay

        Raises
        ------
        ValueError
            If there are more than 20 images, if there is not one explanation per image,
            or if `n_features` is invalid.
        MissingDependencyError
            If matplotlib is not installed.
        """
        shown = GrayImages(images)
        if len(explanation.segments) != len(shown):
            raise ValueError(
                f"explanation has {len(explanation.segments)} images, but images has "
                f"{len(shown)}. Pass the images that were explained."
            )
        images = shown.open(explanation.segments.shape[1:])
        return cls(images, explanation).plot(n_features=n_features, figure=figure)

    def plot(self, *, n_features=5, figure=None):
        """Draw the images, their superpixels and the probabilities.

        Parameters
        ----------
        n_features : int, default=5
            Number of superpixels per image that are colored: the ones with the largest
            absolute weights. Superpixels with a weight of 0 are not colored.
        figure : matplotlib Figure or SubFigure, default=None
            Figure to draw in, best with ``layout="constrained"``. By default a new
            figure.

        Returns
        -------
        LimeDisplay
            This display, with `figure_` and `axes_`.
        """
        pyplot = import_pyplot()
        _check_n_features(n_features)
        n, height, width = self.images.shape
        if figure is None:
            cell = _CELL * height / width + 0.3
            figure = pyplot.figure(
                figsize=(3 * _CELL + 1.0, n * cell + 0.4), layout="constrained"
            )
        axes = figure.subplots(n, 3, squeeze=False)
        for row in range(n):
            draw_image(axes[row, 0], self.images[row])
            axes[row, 0].set_title(f"image {row + 1}", fontsize=10)
            self._draw_superpixels(axes[row, 1], row, n_features)
            self._draw_probabilities(axes[row, 2], row)
        axes[-1, 2].set_xlabel("probability")
        patch = pyplot.matplotlib.patches.Patch
        handles = [
            patch(fc=(_FOR, _OPACITY), ec=_FOR, lw=1.5, ls="-", label="for the class"),
            patch(
                fc=(_AGAINST, _OPACITY),
                ec=_AGAINST,
                lw=1.5,
                ls="--",
                label="against the class",
            ),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
        self.figure_, self.axes_ = figure, axes
        return self

    def _draw_superpixels(self, ax, row, n_features):
        """Color the superpixels with the largest absolute weights."""
        weights = np.asarray(self.explanation.weights[row])
        segments = self.explanation.segments[row]
        strongest = np.argsort(-np.abs(weights), kind="stable")[:n_features]
        largest = np.abs(weights).max()
        extent = draw_image(ax, self.images[row])
        to_rgb = import_pyplot().matplotlib.colors.to_rgb
        for segment in strongest[weights[strongest] != 0]:
            mask = segments == segment
            positive = weights[segment] > 0
            color = _FOR if positive else _AGAINST
            opacity = _OPACITY * abs(weights[segment]) / largest
            shade = np.zeros((*mask.shape, 4))
            shade[mask] = *to_rgb(color), opacity
            ax.imshow(shade, extent=extent, interpolation="nearest")
            draw_outline(ax, mask, extent, color, "-" if positive else "--")
        label = self.explanation.targets[row]
        code = self.explanation.classes.tolist().index(label)
        probability = self.explanation.probabilities[row, code]
        title = f"{label} {probability:.2f}, R² {self.explanation.r2[row]:.2f}"
        ax.set_title(textwrap.fill(title, _CHARACTERS), fontsize=10)

    def _draw_probabilities(self, ax, row):
        """Draw the most probable classes, and the explained class."""
        classes = self.explanation.classes
        probabilities = self.explanation.probabilities[row]
        explained = self.explanation.targets[row] == classes
        order = np.sort(np.lexsort([-probabilities, ~explained])[:_BARS])
        bars = ax.barh(
            [textwrap.fill(str(classes[code]), 16) for code in order],
            probabilities[order],
            height=0.6,
            color=["#0072b2" if explained[code] else "0.7" for code in order],
        )
        ax.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1.25), xticks=[0, 0.5, 1])
        ax.tick_params(labelsize=9)
        ax.spines[["top", "right"]].set_visible(False)


def _check_n_features(n_features):
    if not isinstance(n_features, (int, np.integer)) or n_features < 1:
        raise ValueError(f"n_features must be a positive int, got {n_features!r}.")
