"""LIME explanations with their superpixels and the quality of their fits."""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from cxrclf._training.allocator import keep_memory
from cxrclf.inspection._boxes import place_in_box
from cxrclf.inspection._explained_model import explain_model
from cxrclf.inspection._lime import Lime
from cxrclf.inspection._targets import find_codes


@dataclass(frozen=True, eq=False, repr=False)
class LimeExplanation:
    """Superpixels, their weights and the quality of the fits, per image.

    Attributes
    ----------
    segments : ndarray of shape (n, H, W) of int
        Number of the superpixel of each pixel, from 0 in each image. It is -1 outside
        of the part to which a `LungMasker` crops the image.
    weights : list of ndarray of shape (n_segments_i,)
        Weight of each superpixel: the change of the probability of the class, according
        to the linear model, when the superpixel becomes visible.
    r2 : ndarray of shape (n,)
        Weighted R² of the linear model, at most 1: the fraction of the variance of the
        predictions that it explains. A map with a small R² does not describe the
        classifier.
    stability : ndarray of shape (n,)
        Mean correlation between the weights of independent draws, in [-1, 1]. It
        is nan if ``n_repeats`` is 1. Each draw has only a part of the perturbations, so
        the weights of all of them are more stable.
    targets : ndarray of shape (n,)
        Explained class of each image.
    probabilities : ndarray of shape (n, n_classes)
        Predicted probabilities of each image, in the order of `classes`.
    classes : ndarray of shape (n_classes,)
        Classes of the classifier.
    """

    segments: np.ndarray
    weights: list
    r2: np.ndarray
    stability: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray
    classes: np.ndarray

    def __repr__(self):
        return (
            f"LimeExplanation of {len(self.weights)} images: mean R² "
            f"{self.r2.mean():.2f}, mean stability {self.stability.mean():.2f}"
        )

    @property
    def maps(self):
        """Weight of the superpixel of each pixel, (n, H, W). It is 0 without one."""
        pairs = zip(self.weights, self.segments, strict=True)
        return np.stack(
            [np.where(segments < 0, 0, own[segments]) for own, segments in pairs]
        )


def lime_explanation(estimator, X, target=None, *, method=None, verbose=0):
    """Explain predictions by LIME.

    ``saliency_maps(..., method="lime")`` returns only the maps. If a `LungMasker` crops
    the images, it interpolates the maps, and the superpixels here have sharp edges.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier of images with ``predict_proba``, as in
        :func:`saliency_maps`.
    X : array-like
        Images, in any form that the estimator accepts.
    target : None, label, or array-like of shape (n,), default=None
        Class that is explained: the predicted class of each image (None), one class for
        all images, or one class per image.
    method : Lime, default=None
        Parameters of LIME. None uses ``Lime()``.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    LimeExplanation

    Raises
    ------
    ValueError
        If a parameter is invalid, or if `target` is not among the classes.
    TypeError
        If the estimator predicts no classes.
    NotFittedError
        If the estimator is not fitted.
    MissingDependencyError
        If scikit-image is not installed.

    See Also
    --------
    LimeDisplay : Draw the superpixels on the images.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import Lime, lime_explanation
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> method = Lime(n_segments=20, n_perturbations=100)
    >>> found = lime_explanation(clf, data.images[:2], method=method)
    >>> found.segments.shape, found.r2.shape, len(found.weights)
    ((2, 64, 64), (2,), 2)
    """
    method = Lime() if method is None else method
    if not isinstance(method, Lime):
        raise ValueError(f"method must be a Lime object or None, got {method!r}.")
    method._check()
    model = explain_model(estimator, X)
    n = len(model.images)
    codes = find_codes(target, model.classes, n)
    if isinstance(codes, str):
        raise ValueError(
            "lime_explanation explains one class per image. Use target=None or a "
            'class. saliency_maps(..., "all", method="lime") has the maps of all '
            "classes."
        )
    if codes is None:
        codes = find_codes(model.predict(X), model.classes, n)
    parts = []
    with keep_memory():
        images = tqdm(
            model.pixels(), total=n, desc="LIME", unit="image", disable=not verbose
        )
        for image, code in zip(images, codes, strict=True):
            segments, weights, r2, stability = method._fit(model, image)
            parts.append((segments, weights[code], r2[code], stability[code]))
    segments, weights, r2, stability = zip(*parts, strict=True)
    if model.boxes is not None:
        segments = [
            place_in_box(own, box, model.image_size, outside=-1)
            for own, box in zip(segments, model.boxes, strict=True)
        ]
    return LimeExplanation(
        np.stack(segments),
        list(weights),
        np.array(r2),
        np.array(stability),
        model.classes[codes],
        estimator.predict_proba(X),
        model.classes,
    )
