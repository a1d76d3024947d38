"""Per-class scores for cross_validate and GridSearchCV."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._score_table import MACRO_AVERAGE, ScoreTable


def scorers(
    labels: Any = None, *, call_predict: bool = False
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

    See Also
    --------
    classification_table : Definitions of the scores, and when they are nan.

    Notes
    -----
    A class that is missing from a test fold has nan for its sensitivity and AUC in
    this fold: average over folds with :func:`numpy.nanmean`. `macro_f1`,
    `balanced_accuracy` and `accuracy` are never nan, so they suit
    ``GridSearchCV(refit=...)``. A class of `labels` that the estimator was not
    fitted on gets the probability 0. Sample weights are not used, and need not be
    routed.

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
    return _ClassScorers(labels, call_predict)


class _ClassScorers:
    def __init__(self, labels: Any, call_predict: bool):
        self.labels = None if labels is None else np.asarray(labels).tolist()
        self.call_predict = call_predict

    def __repr__(self) -> str:
        return f"scorers({self.labels!r}, call_predict={self.call_predict!r})"

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        fitted = estimator.classes_.tolist()
        labels = fitted if self.labels is None else self.labels
        _check_labels_known(labels, fitted, y)
        if not hasattr(estimator, "predict_proba"):
            y_pred, y_score = estimator.predict(X), None
        else:
            proba = estimator.predict_proba(X)
            if self.call_predict or _has_threshold(estimator):
                y_pred = estimator.predict(X)
            else:
                y_pred = estimator.classes_[np.argmax(proba, axis=1)]
            y_score = np.zeros((len(proba), len(labels)))
            column = {label: j for j, label in enumerate(sorted(labels))}
            y_score[:, [column[label] for label in fitted]] = proba
        return _named(classification_table(y, y_pred, y_score, labels=labels), labels)


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


def _has_threshold(estimator: Any) -> bool:
    """Whether `predict` applies a threshold of its own to the probabilities."""
    if hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    if hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return isinstance(estimator, (FixedThresholdClassifier, TunedThresholdClassifierCV))
