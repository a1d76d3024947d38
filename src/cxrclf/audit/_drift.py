"""Differences between the images of two sets."""

import numpy as np
from scipy.ndimage import laplace
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from cxrclf.audit._gray_images import load_gray
from cxrclf.audit._report_table import ReportTable
from cxrclf.images import ImageInput, read_image_sizes, resize
from cxrclf.metrics import roc_auc_interval

_SIZE = 64, 64
_BORDER = 4  # pixels
_THUMBNAIL = 16, 16
_TREES = 200
_FOLDS = 5


def measure_drift(X, is_external, groups, *, random_state=0):
    """Compare the images of two sets.

    Parameters
    ----------
    X : array-like of length n
        Images of both sets.
    is_external : ndarray of shape (n,) of bool
        Whether an image is of the second set.
    groups : ndarray of shape (n,)
        Patient of each image.
    random_state : int, default=0
        Seed of the classifier and of its folds.

    Returns
    -------
    table : ReportTable
        Median of each measure in both sets, its standardized difference (the difference
        of the means divided by the standard deviation within the sets) and its distance
        (the Kolmogorov-Smirnov statistic, the largest difference of the distribution
        functions, in [0, 1]).
    separability : Estimate or None
        Area under the ROC curve of a random forest that tells the sets apart from
        thumbnails and these measures, with its interval over patients. None if a set
        has fewer than five patients.
    """
    gray = load_gray(X, _SIZE)
    measures = _measure(gray, ImageInput.from_X(X).paths)
    inside, outside = (
        {name: values[rows] for name, values in measures.items()}
        for rows in (~is_external, is_external)
    )
    columns = {
        "measure": list(measures),
        "internal_median": [float(np.median(values)) for values in inside.values()],
        "external_median": [float(np.median(values)) for values in outside.values()],
        "standardized_difference": [
            _standardize(inside[name], outside[name]) for name in measures
        ],
        "distance": [
            float(ks_2samp(inside[name], outside[name]).statistic) for name in measures
        ],
    }
    thumbnails = np.stack([resize(image, _THUMBNAIL).ravel() for image in gray])
    features = np.column_stack([*measures.values(), thumbnails])
    separability = _separate(features, is_external, groups, random_state)
    caption = "Median of each measure of the images, and differences between the sets."
    return ReportTable(columns, caption), separability


def _measure(gray, paths):
    """Return measures of each image by name."""
    low, high = np.percentile(gray, [5, 95], axis=(1, 2))
    edges = np.abs([laplace(image) for image in gray]).mean(axis=(1, 2))
    inner = np.zeros(gray.shape[1:], bool)
    inner[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    measures = {
        "mean gray level": gray.mean(axis=(1, 2)),
        "contrast (standard deviation)": gray.std(axis=(1, 2)),
        "5 % darkest level": low,
        "5 % brightest level": high,
        "sharpness (mean Laplacian)": edges,
        "border gray level": gray[:, ~inner].mean(axis=1),
    }
    if paths is not None:
        height, width = read_image_sizes(paths).astype(float).T
        measures["width of the file"] = width
        measures["aspect ratio of the file"] = width / height
    return measures


def _standardize(one, two):
    """Return the difference of means in units of the standard deviation."""
    deviation = np.sqrt((one.var() + two.var()) / 2)
    difference = two.mean() - one.mean()
    if deviation == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return float(difference / deviation)


def _separate(features, is_external, groups, random_state):
    """Return the AUC with which a classifier tells the sets apart, or None."""
    if min(len(np.unique(groups[rows])) for rows in (is_external, ~is_external)) < (
        _FOLDS
    ):
        return None
    proba = cross_val_predict(
        RandomForestClassifier(
            _TREES, class_weight="balanced", random_state=random_state
        ),
        features,
        is_external,
        groups=groups,
        cv=StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=random_state),
        method="predict_proba",
    )
    return roc_auc_interval(is_external, proba[:, 1], groups=groups)
