"""Per-class scores for cross_validate and GridSearchCV."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.utils import column_or_1d

from cxrclf._utils.label_maps import (
    checked_label_map,
    full_label_map,
    map_labels,
)
from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._score_table import MACRO_AVERAGE, ScoreTable


def scorers(
    labels: Any = None,
    *,
    label_map: Mapping[Any, Any] | None = None,
    rest: Any = None,
    call_predict: bool = False,
) -> Callable[[Any, Any, Any], dict[str, float]]:
    """Score every class in `cross_validate`, `GridSearchCV` and the like.

    Give the result as `scoring`. It is a callable ``(estimator, X, y) -> dict`` that
    passes the test samples through the estimator once for all scores.

    Parameters
    ----------
    labels : array-like of shape (n_classes,), optional
        The classes to score. Must hold every label that occurs. By default the
        estimator's `classes_`; give them if a rare class may be missing from a
        training fold, where scikit-learn needs the same scores from every fold.
    label_map : mapping, optional
        The label scheme to score in: for each label of the data, its class. By
        default the scheme that the estimator was trained in, if it is a
        :class:`cxrclf.LabelMapClassifier`, also as the last step of a pipeline or as
        the best estimator of a search; for other estimators, the labels themselves.
    rest : str or number, optional
        The class of the labels that `label_map` does not list.
    call_predict : bool, default=False
        Where the predicted labels come from. If False, they are the most probable
        classes of `predict_proba`, so that images run through the estimator once.
        If True, `predict` is called as well: for estimators whose `predict` does
        something else. This is always done for estimators without `predict_proba`,
        and for scikit-learn's `FixedThresholdClassifier` and
        `TunedThresholdClassifierCV`, also as the last step of a pipeline.

    Returns
    -------
    callable
        A picklable scorer. The keys of its result: `accuracy`,
        `balanced_accuracy`; `macro_accuracy`, `macro_precision`,
        `macro_sensitivity`, `macro_specificity`, `macro_f1`, `macro_auc`; and for
        each class `accuracy_<class>`, `precision_<class>`, `sensitivity_<class>`,
        `specificity_<class>`, `f1_<class>`, `auc_<class>`, with ``str(class)`` as
        it is, spaces included. Estimators without `predict_proba` have no AUC.

        In a scheme these are the scheme's classes, and
        ``original_sensitivity_<label>`` is for each label of the data the share of
        its samples that are given to its class.

    Raises
    ------
    TypeError, ValueError
        If `label_map` or `rest` are unsuitable; see :func:`map_labels`.

    See Also
    --------
    classification_table : Definitions of the scores, and when they are nan.
    original_class_table : Which class the samples of each label are given to.

    Notes
    -----
    A class that is missing from a test fold has nan for its sensitivity and AUC in
    this fold: average over folds with :func:`numpy.nanmean`. `macro_f1`,
    `balanced_accuracy` and `accuracy` are never nan, so they suit
    ``GridSearchCV(refit=...)``. A class of `labels` that the estimator was not
    fitted on gets the probability 0. Sample weights are not used, and need not be
    routed.

    An estimator may be scored in another scheme than it was trained in, if that one
    merges whole classes of the estimator: the probabilities of merged classes add up,
    and a predicted class counts as the one that it is merged into. With one
    `label_map`, classifiers of two, three and four classes answer the same question,
    and a grid over their schemes can be scored.

    ValueError is raised where the estimator or the test samples know a class that is
    not scored. `cross_validate` shows it as a warning unless told
    ``error_score="raise"``.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from cxrclf.metrics import scorers
    >>> X, y = load_wine(return_X_y=True)
    >>> scores = cross_validate(GaussianNB(), X, y, cv=3, scoring=scorers())
    >>> scores["test_sensitivity_1"].round(2)
    array([0.88, 1.  , 0.96])
    """
    return _ClassScorers(labels, label_map, rest, call_predict)


class _ClassScorers:
    def __init__(self, labels: Any, label_map: Any, rest: Any, call_predict: bool):
        self.labels = None if labels is None else np.asarray(labels).tolist()
        self.label_map = None
        if label_map is not None:
            self.label_map = checked_label_map(label_map, rest)
        self.rest = rest
        self.call_predict = call_predict

    def __repr__(self) -> str:
        return (
            f"scorers({self.labels!r}, label_map={self.label_map!r}, "
            f"rest={self.rest!r}, call_predict={self.call_predict!r})"
        )

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        y = column_or_1d(y)
        scheme, merged = self._scheme(estimator)
        if self.labels is not None:
            labels = self.labels
        else:
            labels = sorted({*(merged if scheme is None else scheme).values()})
        y_true = y if scheme is None else _in_scheme(y, scheme)
        _check_labels_known(labels, sorted({*merged.values()}), y_true)
        y_pred, y_score = self._predict(estimator, X, labels, merged)
        table = classification_table(y_true, y_pred, y_score, labels=labels)
        scores = _named(table, labels)
        for label in scheme or ():
            right = (y_pred == y_true)[y == label]
            name = f"original_sensitivity_{label}"
            scores[name] = float(right.mean()) if len(right) else np.nan
        return scores

    def _scheme(self, estimator: Any) -> tuple[dict[Any, Any] | None, dict[Any, Any]]:
        """Return the class of each label, if there is a scheme, and of predictions."""
        unchanged = {label: label for label in estimator.classes_.tolist()}
        own = getattr(_last_step(estimator), "label_map_", None)
        if self.label_map is None:
            return own, unchanged
        own = own or unchanged
        scheme = full_label_map(own, self.label_map, self.rest)
        return scheme, {label: _merged(label, own, scheme) for label in unchanged}

    def _predict(
        self, estimator: Any, X: Any, labels: list, merged: dict[Any, Any]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the predicted classes and a column of probabilities for each label."""
        if not hasattr(estimator, "predict_proba"):
            predicted, y_score = estimator.predict(X), None
        else:
            proba = estimator.predict_proba(X)
            if self.call_predict or _has_threshold(estimator):
                predicted = estimator.predict(X)
            else:
                predicted = estimator.classes_[np.argmax(proba, axis=1)]
            column = {label: j for j, label in enumerate(sorted(labels))}
            y_score = np.zeros((len(proba), len(labels)))
            for label, p in zip(estimator.classes_.tolist(), proba.T, strict=True):
                y_score[:, column[merged[label]]] += p
        return np.array([merged[label] for label in predicted.tolist()]), y_score


def _named(table: ScoreTable, labels: list) -> dict[str, float]:
    scores = table.overall
    for prefix, row in [(None, MACRO_AVERAGE), *((label, label) for label in labels)]:
        for column in table.columns:
            if column == "support":
                continue
            name = f"macro_{column}" if prefix is None else f"{column}_{prefix}"
            scores[name] = table[row, column]
    return scores


def _check_labels_known(labels: list, fitted: list, y: Any) -> None:
    for what, values in (
        ("The estimator was fitted on", fitted),
        ("The samples to score hold", np.unique(y).tolist()),
    ):
        unknown = [label for label in values if label not in labels]
        if unknown:
            raise ValueError(
                f"{what} the classes {unknown}, which are not scored: scoring "
                f"{labels}. Name all classes of the data with scorers(labels=[...])."
            )


def _in_scheme(y: np.ndarray, scheme: dict[Any, Any]) -> np.ndarray:
    unknown = sorted({*y.tolist()} - scheme.keys(), key=repr)
    if unknown:
        raise ValueError(
            f"The samples to score hold the labels {unknown}, which the estimator was "
            "not fitted on. List all labels of the data in label_map, so that every "
            "fold has the same scores."
        )
    return map_labels(y, scheme)


def _merged(of: Any, own: dict[Any, Any], scheme: dict[Any, Any]) -> Any:
    """Return the class of `scheme` that has all labels which `own` gives the class."""
    labels = [label for label in own if own[label] == of]
    classes = {scheme[label] for label in labels}
    if len(classes) > 1:
        raise ValueError(
            f"The estimator does not tell the labels {labels} apart, and label_map "
            f"gives them to different classes: {sorted(classes)}. A scheme to score in "
            "has to merge whole classes of the estimator."
        )
    return classes.pop()


def _last_step(estimator: Any) -> Any:
    """Return what predicts in the end within searches and pipelines."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return estimator


def _has_threshold(estimator: Any) -> bool:
    """Whether `predict` applies a threshold of its own to the probabilities."""
    estimator = _last_step(estimator)
    if hasattr(estimator, "label_map_"):
        estimator = _last_step(estimator.estimator_)
    return isinstance(estimator, (FixedThresholdClassifier, TunedThresholdClassifierCV))
