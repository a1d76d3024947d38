"""Linear classifiers on frozen features that judge generated images."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_N_FOLDS = 5
# Strong shrinkage, because there are more features than images.
_C = 0.01


def separability(generated, real, groups):
    """Compute how well a linear classifier tells generated images from real ones.

    Parameters
    ----------
    generated, real : ndarray of shape (n, d)
        Features.
    groups : ndarray of shape (n_generated,)
        Source of each generated image. A source is on one side of each division.

    Returns
    -------
    float
        Area under the ROC curve of held-out images: 0.5 if the classifier cannot tell
        them apart, 1 if it always can. NaN with too few images.
    """
    features = np.concatenate([generated, real])
    y = np.repeat([1, 0], [len(generated), len(real)])
    groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(real))])
    scores = np.full(len(y), np.nan)
    for train, test in _divide(y, groups):
        model = _make_probe().fit(features[train], y[train])
        scores[test] = model.decision_function(features[test])
    if np.isnan(scores).any():
        return np.nan
    return float(roc_auc_score(y, scores))


def recognize(sources, real, others, groups):
    """Classify images by a linear classifier of real images of both classes.

    Parameters
    ----------
    sources : ndarray of shape (n, d)
        Features of the source images, row by row.
    real : ndarray of shape (m, d)
        Features of real images of the generated class.
    others : list of ndarray of shape (n, d)
        Features of images that were made from the sources, row by row.
    groups : ndarray of shape (n,)
        Number of the source of each row. No image is classified by a classifier that
        learned from its source.

    Returns
    -------
    sensitivity : float
        Fraction of held-out real images that are assigned to the generated class. NaN
        with too few images.
    false_positives : float
        Fraction of held-out sources that are assigned to the generated class.
    recognized : list of ndarray of shape (n,) of bool
        Whether each image is assigned to the generated class. It is None with too few
        images.
    """
    features = np.concatenate([sources, real])
    y = np.repeat([0, 1], [len(sources), len(real)])
    all_groups = np.concatenate([groups, groups.max() + 1 + np.arange(len(real))])
    predicted = np.full(len(y), -1)
    recognized = [np.zeros(len(sources), bool) for _ in others]
    for train, test in _divide(y, all_groups):
        model = _make_probe().fit(features[train], y[train])
        predicted[test] = model.predict(features[test])
        rows = test[test < len(sources)]
        for values, found in zip(others, recognized, strict=True):
            if len(rows):
                found[rows] = model.predict(values[rows]) == 1
    if (predicted < 0).any():
        return np.nan, np.nan, None
    sensitivity, false_positives = (predicted[y == label].mean() for label in (1, 0))
    return float(sensitivity), float(false_positives), recognized


def _make_probe():
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=_C, class_weight="balanced")
    )


def _divide(y, groups):
    """Return the folds, or none if a class has too few groups for two folds."""
    fewest = min(len(np.unique(groups[y == label])) for label in (0, 1))
    n_folds = min(_N_FOLDS, fewest)
    if n_folds < 2:
        return []
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=0)
    return list(folds.split(y, y, groups))
