"""Choose test images to look at, and compute their saliency maps."""

import numpy as np

from cxrclf.images import ImageInput
from cxrclf.inspection import saliency_maps
from cxrclf.studies._fit_result import Examples

_WORST = 3  # wrong predictions per fold


def choose_examples(estimator, X, predictions, *, n_worst=_WORST):
    """Choose typical test images and the worst errors, with their saliency maps.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier with a network of this library.
    X : array-like of length n
        Images of the study.
    predictions : Predictions
        Predictions of the test images, with probabilities. Their `rows` are rows of X.
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
    maps = saliency_maps(estimator, shown, predictions.y_pred[chosen].tolist())
    return Examples(
        rows,
        kinds + ["worst"] * len(worst),
        predictions.y_true[chosen].tolist(),
        predictions.y_pred[chosen].tolist(),
        confidence[chosen],
        _open_gray(shown, maps.shape[1:]),
        maps.astype(np.float32),
    )


def _open_gray(X, size):
    """Return images of shape (n, H, W) of uint8."""
    images = ImageInput.from_X(X).open(size)
    pixels = images.gather(np.arange(len(images)))
    if pixels.ndim == 4:
        pixels = pixels.mean(axis=3)
    if pixels.dtype == np.uint16:
        pixels = pixels / 257
    elif images.gather(np.arange(1)).dtype.kind == "f":
        pixels = pixels * 255
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
