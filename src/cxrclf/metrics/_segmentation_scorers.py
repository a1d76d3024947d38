"""Scores of masks for cross_validate and GridSearchCV."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, check_consistent_length

from cxrclf.masks import mask_codes, open_masks
from cxrclf.metrics._scorers import _last_step
from cxrclf.metrics._segmentation_scores import (
    BINARY_VALUES,
    check_spacing,
    mean_of_defined,
    scores_of_codes,
)

_ROWS = 64  # images that are predicted and scored at once


def segmentation_scorers(
    *, distances: bool = False, spacing: float | tuple[float, float] = 1.0
) -> Callable[[Any, Any, Any], dict[str, float]]:
    """Score masks in `cross_validate`, `GridSearchCV` and the like.

    Give the result as `scoring`. It is a callable ``(estimator, X, y) -> dict`` that
    passes the test images through the estimator once for all scores.

    Parameters
    ----------
    distances : bool, default=False
        Whether to compute the distances too. They take some milliseconds an image.
    spacing : float or (float, float), default=1.0
        Size of a pixel of the predicted masks, or height and width of one, in the
        unit that the distances are wanted in. By default they are in pixels.

    Returns
    -------
    callable
        A picklable scorer. The keys of its result are those of
        :func:`segmentation_scores`; the values are means over the test images.

    Raises
    ------
    ValueError
        If `spacing` is unsuitable.

    See Also
    --------
    segmentation_scores : Definitions of the scores, and when they are nan.

    Notes
    -----
    The estimator has `classes_`, the labels with the background first, and its
    `predict` gives an (n, height, width) array of them, as
    :class:`cxrclf.UNetSegmenter` does. In a pipeline or a search, `classes_` are those
    of the last step or of the best estimator.

    `y` holds masks in the forms that :func:`cxrclf.masks.open_masks` takes: an
    (n, height, width) array, or mask files. They are brought to the size of the
    predicted masks by nearest neighbour (keeping their aspect ratio, if the estimator
    has a parameter `keep_aspect_ratio` that is True; files are decoded into its
    `cache_dir`, if it has one) and scored at this size, padding included, so
    estimators that work at different sizes answer slightly different questions.

    An image in which a score is nan is left out of its mean. `dice`, `iou` and
    `accuracy` are never nan, so they suit ``GridSearchCV(refit="dice")``. Read the
    precision together with the sensitivity: an image in which nothing is found,
    though something is there, counts as 0 in the latter only. One such image makes
    the mean distances infinite. Distances are better the smaller they are, so they
    do not suit `refit`.

    Images are predicted and scored in small groups, so the memory in use does not
    grow with their number.

    Examples
    --------
    A segmenter that calls bright what is brighter than all shadows it was shown:

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
        labels = _labels_of(estimator)
        foreground = [True] if labels is None else labels[1:]
        parts = [
            scores_of_codes(
                true,
                predicted,
                foreground,
                distances=self.distances,
                spacing=self.spacing,
            )
            for true, predicted in _in_groups(estimator, X, y, labels)
        ]
        return {
            name: float(mean_of_defined(np.concatenate([part[name] for part in parts])))
            for name in parts[0]
        }


def _in_groups(
    estimator: Any, X: Any, y: Any, labels: list | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield true and predicted masks of a few images at a time."""
    segmenter = _last_step(estimator)
    masks = None
    n = len(y)
    for start in range(0, n, _ROWS):
        rows = np.arange(start, min(start + _ROWS, n))
        predicted = np.asarray(estimator.predict(_safe_indexing(X, rows)))
        _check_masks(predicted, len(rows))
        if masks is None:  # the first prediction tells the working size
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


def _labels_of(estimator: Any) -> list | None:
    """Return the labels of a segmenter, or None if they are False and True."""
    classes = getattr(_last_step(estimator), "classes_", None)
    if classes is None:
        raise TypeError(
            f"{type(estimator).__name__} has no classes_, the labels of the masks with "
            "the background first. segmentation_scorers() scores fitted segmenters; "
            "for arrays of masks use segmentation_scores(y_true, y_pred)."
        )
    classes = np.asarray(classes)
    # Not by value: 0 and 1 may be labels, and equal False and True.
    return None if classes.dtype == bool else classes.tolist()


def _check_masks(predicted: np.ndarray, n: int) -> None:
    if predicted.ndim != 3 or len(predicted) != n:
        raise ValueError(
            f"predict must return one mask an image, an array of shape ({n}, height, "
            f"width), got shape {predicted.shape}. To score class labels use scorers()."
        )
