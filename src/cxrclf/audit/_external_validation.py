"""Validation of a classifier on images of another source."""

from numbers import Integral

import numpy as np

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import check_labels
from cxrclf.audit._check_classifier import check_classifier
from cxrclf.audit._check_duplicates import check_duplicates
from cxrclf.audit._drift import measure_drift
from cxrclf.audit._external_validation_report import ExternalValidationReport
from cxrclf.audit._leaks import find_leaks, label_copies
from cxrclf.audit._list_splits import list_splits
from cxrclf.audit._rows import check_lengths, name_rows, stack_rows, stack_values
from cxrclf.audit._stratified_patient_k_fold import StratifiedPatientKFold
from cxrclf.images import ImageInput
from cxrclf.metrics import cross_val_predictions


def external_validation(
    estimator,
    X,
    y,
    X_ext,
    y_ext,
    *,
    groups=None,
    groups_ext=None,
    cv=5,
    sensitivity=None,
    specificity=None,
    duplicates="find",
    cache_dir=None,
    n_jobs=None,
    n_threads=None,
    random_state=0,
    verbose=0,
):
    """Validate a classifier on images of another source.

    The classifier is cross-validated on the internal images, and then trained on all of
    them to predict the external images. External images that depend on internal images
    are left out first: copies, and images of the same patients. The threshold of each
    class is chosen on the internal out-of-fold predictions and applied to the external
    images.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    estimator : estimator object
        Classifier with `predict_proba`. It is cloned.
    X : array-like of length n
        Internal images in any form that the estimators accept.
    y : array-like of shape (n,)
        Class of each internal image.
    X_ext : array-like of length m
        External images, in the same form as X.
    y_ext : array-like of shape (m,)
        Class of each external image. All classes must be in y.
    groups : array-like of shape (n,), default=None
        Patient id of each internal image. None stands for one image per patient.
    groups_ext : array-like of shape (m,), default=None
        Patient id of each external image. The same id in both sets is the same patient.
    cv : int, splitter or iterable of (train, test), default=5
        Splits of X, as in scikit-learn. An int is the number of folds of
        :class:`StratifiedPatientKFold`.
    sensitivity : float in (0, 1), default=None
        Sensitivity that the threshold of each class must reach on the internal images.
        None stands for 0.9, unless there is a `specificity`.
    specificity : float in (0, 1), default=None
        Specificity that the threshold of each class must reach on the internal images.
        Pass either `sensitivity` or `specificity`.
    duplicates : "find", DuplicateReport, array-like of shape (n + m,) or None, \
            default="find"
        Copies among the internal images, followed by the external images. ``"find"``
        calls :func:`find_duplicates`. None does not use copies.
    cache_dir : path-like, default=None
        Folder of decoded files for :func:`find_duplicates`.
    n_jobs : int, default=None
        Number of folds that are trained at the same time.
    n_threads : int, default=None
        Number of CPU threads of :func:`find_duplicates`.
    random_state : int, default=0
        Seed of the folds, if `cv` is an int, and of the resamples.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    ExternalValidationReport
        Scores, thresholds, calibration and differences of both sets.

    Raises
    ------
    ValueError
        If labels or ids are missing, if lengths differ, if a class of the external
        images is not in y, if all external images depend on internal images, or if both
        `sensitivity` and `specificity` are given.
    TypeError
        If the estimator is no classifier.

    Notes
    -----
    A difference of two scores of independent sets has an interval by the method of
    Zou and Donner [1]_, from the intervals of both scores.

    References
    ----------
    .. [1] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27, 2008.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from cxrclf.audit import external_validation
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> inside, outside = (
    ...     make_chest_radiographs(60, image_size=32, random_state=seed)
    ...     for seed in (0, 1))
    >>> flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    >>> forest = make_pipeline(flatten, RandomForestClassifier(random_state=0))
    >>> report = external_validation(
    ...     forest, inside.images, inside.target, outside.images, outside.target,
    ...     groups=inside.groups, groups_ext=[f"b{i}" for i in outside.groups],
    ...     cv=3, duplicates=None)
    >>> report.tables["scores"]["score"]
    ['accuracy', 'balanced_accuracy', 'auc']
    """
    y = check_labels(y, owner="external_validation")
    y_ext = check_labels(y_ext, name="y_ext", owner="external_validation")
    check_classifier(estimator, needs_proba=True)
    if isinstance(cv, Integral) and cv < 2:
        raise ValueError(f"cv must be 2 folds or more, got {cv}.")
    sensitivity = _check_target(sensitivity, specificity)
    _check_classes(y, y_ext)
    check_lengths(X, y, ("X", "y"))
    check_lengths(X_ext, y_ext, ("X_ext", "y_ext"))
    ids = _join_groups(groups, groups_ext, len(y), len(y_ext))
    both = stack_rows(X, X_ext, "X_ext")
    targets = np.concatenate([y, y_ext])
    duplicates = check_duplicates(
        duplicates,
        both,
        len(targets),
        cache_dir=cache_dir,
        n_threads=n_threads,
        verbose=verbose,
    )
    copies, exact = label_copies(duplicates, len(targets))
    n = len(y)
    internal, external = np.arange(n), np.arange(n, len(targets))
    leaks = find_leaks(internal, external, ids, copies, exact)
    used = external[~leaks.affected]
    if not len(used):
        raise ValueError(
            f"All {len(external)} external images are copies of internal images or of "
            "the same patients, so they cannot validate the classifier."
        )
    if isinstance(cv, Integral):
        cv = StratifiedPatientKFold(
            cv,
            shuffle=True,
            random_state=random_state,
            duplicates=None if copies is None else copies[:n],
        )
    patients = np.arange(len(targets)) if ids is None else ids
    splits = list_splits(cv, X, y, patients[:n])
    predict = {"groups": ids, "verbose": verbose, "n_jobs": n_jobs}
    inside, outside = (
        cross_val_predictions(estimator, both, targets, cv=cv_rows, **predict)
        for cv_rows in (splits, [(internal, used)])
    )
    rows = np.concatenate([internal, used])
    images = ImageInput.from_X(both)
    drift = measure_drift(
        images.take(rows), rows >= n, patients[rows], random_state=random_state
    )
    return ExternalValidationReport(
        inside,
        outside,
        leaks,
        drift,
        name_rows(images),
        sensitivity=sensitivity,
        specificity=specificity,
        random_state=random_state,
    )


def _check_target(sensitivity, specificity):
    """Check the required values, and return the sensitivity."""
    if sensitivity is None and specificity is None:
        return 0.9
    if sensitivity is not None and specificity is not None:
        raise ValueError(
            "Pass either sensitivity or specificity, got "
            f"sensitivity={sensitivity} and specificity={specificity}."
        )
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity)):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{name} must lie in (0, 1), got {value}.")
    return sensitivity


def _join_groups(groups, groups_ext, n, n_ext):
    """Return the patients of both sets, or None."""
    if (groups is None) != (groups_ext is None):
        raise ValueError(
            "Pass both groups and groups_ext, or neither. Ids of one set alone cannot "
            "be compared."
        )
    if groups is None:
        return None
    return stack_values(
        check_groups(groups, n),
        check_groups(groups_ext, n_ext),
        ("groups", "groups_ext"),
    )


def _check_classes(y, y_ext):
    unknown = np.setdiff1d(y_ext, y)
    if len(unknown):
        raise ValueError(
            f"y_ext has the classes {unknown.tolist()}, which y lacks: the classes of "
            f"y are {np.unique(y).tolist()}. Remove these images, or rename the labels "
            "with cxrclf.metrics.map_labels."
        )
