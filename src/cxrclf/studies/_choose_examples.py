"""Choose test images to look at, and compute their saliency maps."""

import numpy as np

from cxrclf.images import ImageInput, resize
from cxrclf.inspection import saliency_maps
from cxrclf.studies._fit_result import Examples
from cxrclf.studies._fit_steps import find_classifier

_WORST = 3  # wrong predictions per fold


def choose_examples(estimator, X, predictions, *, method="gradcam", n_worst=_WORST):
    """Choose typical test images and the worst errors, with their saliency maps.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier with a network of this library.
    X : array-like of length n
        Images of the study.
    predictions : Predictions
        Predictions of the test images, with probabilities. Their `rows` are rows of X.
    method : str, default="gradcam"
        Method of the maps, as in :func:`~cxrclf.inspection.saliency_maps`.
    n_worst : int, default=3
        Number of wrong predictions.

    Returns
    -------
    found : Examples
        Images with their maps, first the typical ones.
    """
    wrong = predictions.y_pred != predictions.y_true
    confidence = predictions.y_score.max(axis=1)
    chosen, kinds = [], []
    for label in predictions.classes:
        right = np.flatnonzero(~wrong & (predictions.y_true == label))
        if len(right):
            order = right[np.argsort(confidence[right], kind="stable")]
            chosen.append(order[len(order) // 2])
            kinds.append("typical")
    errors = np.flatnonzero(wrong)
    worst = errors[np.argsort(-confidence[errors], kind="stable")][:n_worst]
    chosen = np.array([*chosen, *worst], dtype=int)
    rows = predictions.rows[chosen]
    shown = ImageInput.from_X(X).take(rows)
    targets = predictions.y_pred[chosen].tolist()
    maps = saliency_maps(estimator, shown, targets, method=method)
    return Examples(
        rows,
        kinds + ["worst"] * len(worst),
        predictions.y_true[chosen].tolist(),
        predictions.y_pred[chosen].tolist(),
        confidence[chosen],
        _open_gray(find_classifier(estimator), shown, maps.shape[1:]),
        _scale_maps(maps).astype(np.float32),
    )


def _scale_maps(maps):
    """Divide each map by its largest value. Evidence against a class becomes 0."""
    maps = np.maximum(maps, 0)
    largest = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0)


def _open_gray(classifier, X, size):
    """Return images of shape (n, H, W) of uint8, in the size of the maps."""
    images = ImageInput.from_X(
        X, image_shape=classifier.image_shape, bits_stored=classifier.bits_stored
    ).open(size, keep_aspect_ratio=classifier.keep_aspect_ratio)
    pixels = images.gather(np.arange(len(images)))
    white = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    gray = (pixels.mean(axis=3) if pixels.ndim == 4 else pixels) / white
    resized = [resize(one, size) for one in gray.astype(np.float32)]
    return np.clip(np.rint(255 * np.stack(resized)), 0, 255).astype(np.uint8)
