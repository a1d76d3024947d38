"""Scores of segmentation in cross_validate and GridSearchCV."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, check_consistent_length

from cxrclf.masks import mask_codes, open_masks
from cxrclf.metrics._class_predictor import last_step
from cxrclf.metrics._segmentation_scores import (
    BINARY_VALUES,
    check_spacing,
    mean_without_nan,
    score_codes,
)

_ROWS = 64  # number of images that are predicted and scored at once


def segmentation_scorers(
    *, distances: bool = False, spacing: float | tuple[float, float] = 1.0
) -> Callable[[Any, Any, Any], dict[str, float]]:
    """Make a scorer of masks for `cross_validate` and `GridSearchCV`.

    Pass the scorer as `scoring`. It is a callable ``(estimator, X, y) -> dict``. It
    computes the predictions of the test images once for all scores.

    Parameters
    ----------
    distances : bool, default=False
        Whether to also compute the distances, which take some milliseconds per image.
    spacing : float or (float, float), default=1.0
        Size of a pixel of the predicted masks in the unit of the distances, or height
        and width of a pixel. By default, distances are in pixels.

    Returns
    -------
    callable
        Scorer that can be pickled. Its result has the keys of
        :func:`segmentation_scores`. The values are means over the test images.

    Raises
    ------
    ValueError
        If `spacing` is invalid.

    See Also
    --------
    segmentation_scores : Define the scores, and the cases where they are nan.

    Notes
    -----
    The estimator must have `classes_`, the labels with the background first. Its
    `predict` must return an (n, height, width) array of labels, as
    :class:`cxrclf.UNetSegmenter` does. In a pipeline or a search, `classes_` of the
    last step or of the best estimator is used.

    `y` holds masks in a form that :func:`cxrclf.masks.open_masks` accepts: an
    (n, height, width) array, or mask files. The masks are resized to the size of the
    predicted masks by nearest neighbor. Their aspect ratio is preserved if the
    estimator has a parameter `keep_aspect_ratio` that is true. Files are cached in the
    `cache_dir` of the estimator, if it has one. Padding is scored as well. Therefore,
    scores of estimators that work at different sizes are not exactly comparable.

    If a score of an image is nan, the image is omitted from its mean. `dice`, `iou` and
    `accuracy` are never nan, so they are suitable for ``GridSearchCV(refit="dice")``.
    If an object is missed completely in an image, the sensitivity of this image is 0
    but its precision is nan. Interpret precision and sensitivity together. One such
    image also makes the mean distances infinite. Smaller distances are better, so they
    are not suitable for `refit`.

    Images are predicted and scored in small groups, so the required memory does not
    depend on the number of images.

    Examples
    --------
    A segmenter with the brightest background pixel of the training images as threshold:

    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.model_selection import cross_validate
    >>> from cxrclf.metrics import segmentation_scorers
    >>> class Threshold(BaseEstimator):
    ...     def fit(self, X, y):
    ...         self.classes_ = np.array([False, True])
    ...         self.threshold_ = X[~y].max()
    ...         return self
    ...     def predict(self, X):
    ...         return X > self.threshold_
    >>> X = np.random.default_rng(0).random((6, 16, 16))
    >>> scores = cross_validate(
    ...     Threshold(), X, X > 0.6, cv=3, scoring=segmentation_scorers())
    >>> scores["test_dice"].round(2)
    array([1., 1., 1.])
    """
    return _MaskScorers(distances, check_spacing(spacing))


class _MaskScorers:
    """Scorer that `segmentation_scorers` returns."""

    def __init__(self, distances: bool, spacing: tuple[float, float]):
        self.distances = distances
        self.spacing = spacing

    def __repr__(self) -> str:
        return (
            f"segmentation_scorers(distances={self.distances!r}, "
            f"spacing={self.spacing!r})"
        )

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        check_consistent_length(X, y)
        labels = _get_labels(estimator)
        foreground = [True] if labels is None else labels[1:]
        parts = [
            score_codes(
                true,
                predicted,
                foreground,
                distances=self.distances,
                spacing=self.spacing,
            )
            for true, predicted in _predict_in_groups(estimator, X, y, labels)
        ]
        values = {
            name: np.concatenate([part[name] for part in parts]) for name in parts[0]
        }
        return {name: float(mean_without_nan(v)) for name, v in values.items()}


def _predict_in_groups(
    estimator: Any, X: Any, y: Any, labels: list | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield true and predicted masks of a few images at a time."""
    segmenter = last_step(estimator)
    masks = None
    n = len(y)
    for start in range(0, n, _ROWS):
        rows = np.arange(start, min(start + _ROWS, n))
        predicted = np.asarray(estimator.predict(_safe_indexing(X, rows)))
        _check_masks(predicted, len(rows))
        if masks is None:  # the first prediction has the working size
            masks = open_masks(
                y,
                predicted.shape[1:],
                labels=labels,
                keep_aspect_ratio=getattr(segmenter, "keep_aspect_ratio", False),
                cache_dir=getattr(segmenter, "cache_dir", None),
            )
        yield (
            masks.gather(rows),
            mask_codes(
                predicted,
                labels,
                name="What predict returns",
                object_values=BINARY_VALUES,
            ),
        )


def _get_labels(estimator: Any) -> list | None:
    """Return the labels of a segmenter, or None if they are False and True."""
    classes = getattr(last_step(estimator), "classes_", None)
    if classes is None:
        raise TypeError(
            f"{type(estimator).__name__} has no classes_, the labels of the masks with "
            "the background first. segmentation_scorers() scores fitted segmenters; "
            "for arrays of masks use segmentation_scores(y_true, y_pred)."
        )
    classes = np.asarray(classes)
    # The type is compared, and not the values: the labels 0 and 1 equal False and True.
    return None if classes.dtype == bool else classes.tolist()


def _check_masks(predicted: np.ndarray, n: int) -> None:
    """Check that there is one mask per image."""
    if predicted.ndim != 3 or len(predicted) != n:
        raise ValueError(
            f"predict must return one mask per image, an array of shape ({n}, height, "
            f"width), got shape {predicted.shape}. Use scorers() to score class labels."
        )
