"""Predictions of each sample by a fold that was not trained on it."""

import time
from collections.abc import Iterator
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.utils import Bunch, indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, _num_samples

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import PatientLeakWarning
from cxrclf.metrics._class_predictor import (
    ClassPredictor,
    refuse_estimator,
    sort_classes,
    warn_of_unfitted,
)
from cxrclf.metrics._join_predictions import join_predictions
from cxrclf.metrics._predictions import Predictions


def cross_val_predictions(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    call_predict: bool = False,
    verbose: int = 0,
) -> Predictions:
    """Predict each sample by a fold that was not trained on it.

    The estimator is fitted once per fold. Only its predictions are kept. The scores of
    a study, their intervals, subgroups and figures can then be computed from one set of
    predictions.

    Read more in the :ref:`User Guide <metrics>`.

    Parameters
    ----------
    estimator : classifier
        Classifier to clone and fit in each fold.
    X : array-like of n samples
        Samples in any form that the estimator accepts.
    y : array-like of shape (n,)
        Class labels.
    groups : array-like of shape (n,), default=None
        Patient id of each sample. The splitter gets the ids, and the predictions
        contain them. All samples of a patient are in one fold if `cv` is an int or
        None. If metadata routing is enabled, an estimator that requests
        `groups` gets them as well. Otherwise, pass them to `fit` by
        ``params={"groups": groups}``.
    cv : int, splitter or iterable, default=None
        Splits, as in scikit-learn's `cross_validate`. An int is the number of folds,
        and None stands for 5. These folds are stratified by class: they are those of
        `StratifiedGroupKFold` with `groups`, and of `StratifiedKFold` without. Splits
        can be repeated, and can leave samples out.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time. None means 1, and -1 means one
        per processor.
    params : dict, default=None
        Parameters of the estimator's `fit`, and of the splitter if metadata routing is
        enabled. Arrays with one value per sample are split.
    call_predict : bool, default=False
        Whether to call `predict`. If False, the predicted labels are the most probable
        classes of `predict_proba`, as in :func:`scorers`, which lists the exceptions.
    verbose : int, default=0
        Whether to print a line after each fold.

    Returns
    -------
    Predictions
        Predictions in the order of the rows of X, with `fold`, `rows` and `groups`.
        Several predictions of one row are in the order of the folds. Estimators without
        `predict_proba` have no `y_score`.

    Warns
    -----
    PatientLeakWarning
        If patients are in the training and the test samples of a fold of `cv`.

    Raises
    ------
    TypeError
        If the estimator is not a classifier, or if `groups` is also in `params` while
        metadata routing is enabled.
    ValueError
        If y or `groups` is invalid, if there are no splits, if a split has no test
        samples, or if the estimator and y have classes of different types. Errors of
        `fit` are raised, too.

    See Also
    --------
    scorers : Score each fold in `cross_validate` and `GridSearchCV`.
    sklearn.model_selection.cross_val_predict : Predict without repeated splits, label
        schemes and folds.

    Notes
    -----
    If a training fold lacks a class, the probability of this class is 0 in the fold,
    and one warning of the type :class:`~cxrclf.exceptions.LabelWarning` names all such
    classes.

    A :class:`cxrclf.LabelMapClassifier` is scored in its label scheme: `y_true` and
    `classes` are the classes of the scheme. The labels of the data are
    ``y[predictions.rows]``.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from cxrclf.metrics import cross_val_predictions
    >>> X, y = load_wine(return_X_y=True)
    >>> predictions = cross_val_predictions(GaussianNB(), X, y, cv=3)
    >>> predictions
    <Predictions of 178 samples in 3 folds, 3 classes, with scores>
    >>> round(predictions.table(intervals=False).overall["accuracy"], 3)
    0.961
    >>> len(predictions.fold_tables())
    3
    """
    if is_regressor(estimator):
        refuse_estimator(estimator)
    y = check_labels(y)
    X, y = indexable(X, y)
    n = _num_samples(X)
    check_label_count("y", len(y), n)
    groups = check_groups(groups, n)
    if groups is not None and (cv is None or isinstance(cv, Integral)):
        cv = StratifiedGroupKFold(5 if cv is None else int(cv))
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    routed = _route(estimator, cv, groups, params or {})
    splits = [
        (_as_rows(train), _as_rows(test))
        for train, test in cv.split(X, y, **routed.splitter.split)
    ]
    _check_splits(splits, groups)
    predictor = ClassPredictor(call_predict=call_predict)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    results = parallel(
        delayed(_predict_fold)(
            clone(estimator), X, y, train, test, routed.estimator.fit, predictor
        )
        for train, test in splits
    )
    folds = list(_show_progress(results, len(splits), verbose))
    warn_of_unfitted({label for fold in folds for label in fold.unfitted})
    return _join(folds, groups)


class _Fold(NamedTuple):
    """Predictions of one fold."""

    rows: np.ndarray
    y_true: np.ndarray
    y_pred: np.ndarray
    y_score: np.ndarray | None
    classes: list
    unfitted: set
    seconds: float


def _predict_fold(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    fit_params: dict[str, Any],
    predictor: ClassPredictor,
) -> _Fold:
    """Fit one fold, and return its predictions without the estimator."""
    start = time.perf_counter()
    X_train, y_train = _safe_split(estimator, X, y, train)
    X_test, y_test = _safe_split(estimator, X, y, test, train)
    estimator.fit(X_train, y_train, **_check_method_params(X, fit_params, train))
    found = predictor.find_classes(estimator, y_test)
    labels = sort_classes(found.classes)
    y_pred, y_score = predictor.predict(estimator, X_test, labels, found.merged)
    seconds = time.perf_counter() - start
    return _Fold(test, found.y_true, y_pred, y_score, labels, found.unfitted, seconds)


def _check_splits(
    splits: list[tuple[np.ndarray, np.ndarray]], groups: np.ndarray | None
) -> None:
    """Check that splits have test samples, and warn about patients on both sides."""
    if not splits:
        raise ValueError("There are no splits: cv is empty. Use another cv.")
    if not all(len(test) for _, test in splits):
        raise ValueError("A split has no test samples. Use another cv.")
    if groups is None:
        return
    patients = [
        np.intersect1d(groups[train], groups[test]).tolist() for train, test in splits
    ]
    leaked = {patient for of_split in patients for patient in of_split}
    if leaked:
        n_splits = sum(map(bool, patients))
        warn_user(
            f"{len(leaked)} patients are in the training and the test samples of a "
            f"fold (in {n_splits} of {len(splits)} folds), so scores may be too high. "
            "Use cv=StratifiedGroupKFold(...).",
            PatientLeakWarning,
        )


def _as_rows(rows: Any) -> np.ndarray:
    """Return row numbers from row numbers or a mask of a splitter."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)


def _join(folds: list[_Fold], groups: np.ndarray | None) -> Predictions:
    """Join the folds, in the order of the samples."""
    return join_predictions(
        [
            Predictions(
                fold.y_true,
                fold.y_pred,
                fold.y_score,
                classes=fold.classes,
                fold=np.full(len(fold.rows), number),
                rows=fold.rows,
                groups=None if groups is None else groups[fold.rows],
            )
            for number, fold in enumerate(folds)
        ]
    )


def _show_progress(
    results: Iterator[_Fold], n_folds: int, verbose: int
) -> Iterator[_Fold]:
    """Yield results, and print a line after each."""
    for number, fold in enumerate(results, start=1):
        if verbose:
            accuracy = np.mean(fold.y_true == fold.y_pred)
            print(
                f"Fold {number} of {n_folds}: {len(fold.rows)} test samples, accuracy "
                f"{accuracy:.3f}, {fold.seconds:.1f} s",
                flush=True,
            )
        yield fold


def _route(
    estimator: Any, cv: Any, groups: np.ndarray | None, params: dict[str, Any]
) -> Bunch:
    """Route groups and parameters to the splitter and the estimator."""
    if not get_config()["enable_metadata_routing"]:
        return Bunch(
            splitter=Bunch(split={"groups": groups}), estimator=Bunch(fit=params)
        )
    router = (
        MetadataRouter(owner="cross_val_predictions")
        .add(
            splitter=cv,
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
        .add(
            estimator=estimator,
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )
    )
    if groups is not None:
        if "groups" in params:
            raise TypeError(
                "groups is passed twice. Pass groups=..., and remove it from params."
            )
        if router.consumes("fit", ["groups"]):
            params = {**params, "groups": groups}
    return process_routing(router, "fit", **params)
