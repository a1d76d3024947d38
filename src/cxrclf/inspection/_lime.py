"""LIME: a linear model of the predictions for an image with hidden superpixels."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._torch.device import upload
from cxrclf._utils.optional import import_optional
from cxrclf.inspection._perturbed import FILLS, fill_image, hide


class Lime(BaseEstimator):
    """LIME [1]_ on superpixels, as a `method` of `saliency_maps`.

    SLIC [2]_ divides the gray image into superpixels. Random halves of them are hidden,
    and the classifier predicts each such image. A ridge regression from the visible
    superpixels to the probability of a class explains the prediction: its coefficients
    are the weights of the superpixels. Images that resemble the original have larger
    sample weights.

    Parameters
    ----------
    n_segments : int, default=50
        Approximate number of superpixels.
    compactness : float, default=0.1
        Weight of the distance in space against the difference in brightness. Larger
        values make superpixels more square.
    n_perturbations : int, default=1000
        Number of predicted images with hidden superpixels.
    n_repeats : int, default=2
        Number of independent draws into which the perturbations are divided. The
        weights are fitted on all of them. `stability` compares a fit on each draw.
    kernel_width : float, default=0.25
        Width of the exponential kernel on the cosine distance to the original image.
        It decides the sample weights.
    alpha : float, default=1.0
        Strength of the penalty of the ridge regression.
    fill : {"segment", "mean", "blur"} or float, default="segment"
        Pixels that replace hidden ones: the mean of the superpixel, the mean of the
        image, the blurred image, or a constant brightness in [0, 1].
    random_state : int, default=0
        Seed of the draws. The same seed gives the same map.

    References
    ----------
    .. [1] M. T. Ribeiro, S. Singh and C. Guestrin, "Why should I trust you? Explaining
       the predictions of any classifier", KDD 2016.
    .. [2] R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel
       methods", IEEE TPAMI 34, 2012.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import Lime, saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> method = Lime(n_segments=20, n_perturbations=100)
    >>> saliency_maps(clf, data.images[:2], method=method).shape
    (2, 64, 64)
    """

    _parameter_constraints = {
        "n_segments": [Interval(Integral, 2, None, closed="left")],
        "compactness": [Interval(Real, 0, None, closed="neither")],
        "n_perturbations": [Interval(Integral, 10, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "kernel_width": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fill": [
            StrOptions({"segment", *FILLS}),
            Interval(Real, 0, 1, closed="both"),
        ],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_segments=50,
        compactness=0.1,
        n_perturbations=1000,
        n_repeats=2,
        kernel_width=0.25,
        alpha=1.0,
        fill="segment",
        random_state=0,
    ):
        self.n_segments = n_segments
        self.compactness = compactness
        self.n_perturbations = n_perturbations
        self.n_repeats = n_repeats
        self.kernel_width = kernel_width
        self.alpha = alpha
        self.fill = fill
        self.random_state = random_state

    def _check(self):
        """Check the parameters, and that scikit-image is installed."""
        self._validate_params()
        if self.n_perturbations < 5 * self.n_repeats:
            raise ValueError(
                f"n_perturbations={self.n_perturbations} is too small for n_repeats="
                f"{self.n_repeats}. Use at least 5 perturbations per repeat."
            )
        _import_slic()

    def _explain(self, model, image):
        """Return the maps of all classes of an image, (n_classes, H, W)."""
        segments, weights, _, _ = self._fit(model, image)
        return weights[:, segments]

    def _fit(self, model, image):
        """Explain the prediction of an image.

        Parameters
        ----------
        model : NetworkModel or PredictorModel
        image : Tensor of shape (C, H, W)

        Returns
        -------
        segments : ndarray of shape (H, W) of int
            Number of the superpixel of each pixel, from 0.
        weights : ndarray of shape (n_classes, n_segments)
            Coefficients of the ridge regressions.
        r2 : ndarray of shape (n_classes,)
            Weighted coefficient of determination of the fits.
        stability : ndarray of shape (n_classes,)
            Mean correlation between the fits of the draws.
        """
        segments = self._segment(image)
        n_segments = segments.max() + 1
        index = torch.from_numpy(segments).to(image.device)
        filled = self._fill(image, index, n_segments)
        visible = self._draw(n_segments)

        def make_batch(rows):
            shown = upload(torch.from_numpy(visible[rows]), image.device)
            return hide(image, filled, shown[:, index])

        found = model.probabilities(make_batch, len(visible))
        kernel = self._kernel(visible)
        ridge = self._regress(visible, found, kernel)
        r2 = _weighted_r2(found, ridge.predict(visible), kernel)
        draws = np.array_split(np.arange(len(visible)), self.n_repeats)
        coefficients = [
            self._regress(visible[rows], found[rows], kernel[rows]).coef_
            for rows in draws
        ]
        return segments, ridge.coef_, r2, _mean_correlation(coefficients)

    def _segment(self, image):
        gray = image.mean(0).double().cpu().numpy()
        slic = _import_slic()
        found = slic(
            gray,
            n_segments=self.n_segments,
            compactness=self.compactness,
            sigma=1,
            start_label=0,
            channel_axis=None,
        )
        return np.unique(found, return_inverse=True)[1].reshape(gray.shape)

    def _fill(self, image, index, n_segments):
        if self.fill != "segment":
            return fill_image(image, self.fill)
        flat = index.flatten()
        sums = torch.zeros(len(image), n_segments, dtype=image.dtype).to(image.device)
        sums.index_add_(1, flat, image.flatten(1))
        means = sums / torch.bincount(flat, minlength=n_segments)
        return means[:, index]

    def _draw(self, n_segments):
        """Return which superpixels are visible, (n_perturbations, n_segments)."""
        rng = np.random.default_rng(self.random_state)
        visible = rng.random((self.n_perturbations, n_segments)) < 0.5
        for rows in np.array_split(np.arange(len(visible)), self.n_repeats):
            visible[rows[0]] = True  # the original image
        return visible

    def _kernel(self, visible):
        # Cosine of the angle between a row and the row of ones.
        cosine = np.sqrt(visible.mean(1))
        return np.exp(-((1 - cosine) ** 2) / (2 * self.kernel_width**2))

    def _regress(self, visible, found, kernel):
        return Ridge(alpha=self.alpha).fit(visible, found, sample_weight=kernel)


def _import_slic():
    segmentation = import_optional(
        "skimage.segmentation", extra="inspection", purpose="LIME"
    )
    return segmentation.slic


def _weighted_r2(truth, predicted, weights):
    """Return R² per column, and nan for constant columns."""
    mean = np.average(truth, axis=0, weights=weights)
    residual = np.average((truth - predicted) ** 2, axis=0, weights=weights)
    variance = np.average((truth - mean) ** 2, axis=0, weights=weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, 1 - residual / variance, np.nan)


def _mean_correlation(coefficients):
    """Return the mean correlation over pairs of fits, per class.

    Correlations of ranks would be dominated by the many superpixels without effect.
    """
    stacked = np.stack(coefficients, 1)  # (n_classes, n_repeats, n_segments)
    centered = stacked - stacked.mean(2, keepdims=True)
    norms = np.linalg.norm(centered, axis=2, keepdims=True)
    # The correlation of constant weights is nan.
    with np.errstate(invalid="ignore", divide="ignore"):
        units = centered / norms
    first, second = np.triu_indices(stacked.shape[1], 1)
    if not len(first):
        return np.full(len(stacked), np.nan)
    return (units[:, first] * units[:, second]).sum(2).mean(1)
