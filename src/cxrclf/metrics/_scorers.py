"""Scores per class in cross_validate and GridSearchCV."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from cxrclf._utils.checks import check_level
from cxrclf._utils.labels import as_labels
from cxrclf.metrics._checks import check_bound_names
from cxrclf.metrics._class_predictor import (
    ClassPredictor,
    sort_classes,
    warn_of_unfitted,
)
from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval
from cxrclf.metrics._score_table import MACRO_AVERAGE, ScoreTable


def scorers(
    labels: Any = None,
    *,
    label_map: Mapping[Any, Any] | None = None,
    rest: Any = None,
    call_predict: bool = False,
    intervals: bool = False,
    confidence_level: float = 0.95,
) -> Callable[[Any, Any, Any], dict[str, float]]:
    """Make a scorer of each class for `cross_validate` and `GridSearchCV`.

    Pass the scorer as `scoring`. It is a callable ``(estimator, X, y) -> dict``. It
    computes the predictions of the test samples once for all scores.

    Parameters
    ----------
    labels : array-like of shape (n_classes,), optional
        Classes to score. They must include all classes of the estimator and of the test
        samples. By default, `classes_` of the estimator and the classes of the test
        samples. Pass all classes if a rare class may be missing from both, for example
        because the splits use a part of the data only. scikit-learn needs the same
        scores from each fold.
    label_map : mapping, optional
        Label scheme of the scores: a mapping from labels of the data to classes. By
        default, the scheme of the estimator if it is a
        :class:`cxrclf.LabelMapClassifier`, also as the last step of a pipeline or as
        the best estimator of a search. The default for other estimators is no scheme.
    rest : str or number, optional
        Class of all labels that `label_map` does not list.
    call_predict : bool, default=False
        Whether to call `predict`. If False, the predicted labels are the most probable
        classes of `predict_proba`, so images are processed only once. Use True if
        `predict` of the estimator follows another rule. `predict` is always called for
        estimators without `predict_proba`, and for scikit-learn's
        `FixedThresholdClassifier` and `TunedThresholdClassifierCV`, also as the last
        step of a pipeline.
    intervals : bool, default=False
        Whether to add the bounds of the confidence interval of each score. They treat
        all samples of a fold as independent, because a scorer does not get patients.
        With several images per patient, use :func:`cross_val_predictions` instead.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    callable
        Scorer that can be pickled. The keys of its result are:

        - `accuracy`, `balanced_accuracy`;
        - `macro_accuracy`, `macro_precision`, `macro_sensitivity`,
          `macro_specificity`, `macro_f1`, `macro_auc`;
        - for each class, `accuracy_<class>`, `precision_<class>`,
          `sensitivity_<class>`, `specificity_<class>`, `f1_<class>`, `auc_<class>`,
          with the unchanged ``str(class)``, including spaces;
        - in a scheme, ``original_sensitivity_<label>`` for each label of the data: the
          fraction of its samples that are predicted as its class. All other keys are
          scores of the classes of the scheme.

        Estimators without `predict_proba` have no AUC. With intervals, there are also
        ``<key>_low`` and ``<key>_high`` for each key.

    Raises
    ------
    TypeError, ValueError
        If `label_map` or `rest` is invalid, see :func:`map_labels`, or if
        `confidence_level` is invalid.

    See Also
    --------
    classification_table : Define the scores, and the cases where they are nan.
    original_class_table : Count the predictions for each original label.
    cross_val_predictions : Predict all folds, for intervals over patients.

    Notes
    -----
    If a class is missing from a test fold, its sensitivity and AUC are nan in this
    fold. Average over folds with :func:`numpy.nanmean`. `macro_f1`,
    `balanced_accuracy` and `accuracy` are never nan, so they are suitable for
    ``GridSearchCV(refit=...)``.

    If a class is missing from a training fold, a warning of the type
    :class:`~cxrclf.exceptions.LabelWarning` names it. The probability of this class is
    0: its sensitivity is 0, its precision is nan and its AUC is 0.5 in this fold. The
    other scores are computed as usual. Stratified folds avoid this.

    Sample weights are not used and need not be routed.

    An estimator can be scored in a coarser scheme than the scheme of its training. The
    scheme of the scores must merge whole classes of the estimator. The probabilities of
    merged classes are added, and a predicted class is replaced by its merged class.
    With one `label_map`, classifiers with two, three and four classes can be compared,
    also in a grid search over their schemes.

    The scorer raises a ValueError if the estimator or the test samples have a class
    that is not scored, or if a score and a bound would have the same name: with
    intervals, the accuracy of a class named "low" would be ``accuracy_low``.
    `cross_validate` shows it as a warning, unless ``error_score="raise"``.

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
    check_level(confidence_level)
    predictor = ClassPredictor(label_map, rest, call_predict)
    return _ClassScorers(labels, predictor, confidence_level if intervals else None)


class _Scores(dict):
    """Scores by name. A score of another fold, which is not here, is nan."""

    def __missing__(self, name: str) -> float:
        return np.nan


class _ClassScorers:
    """Scorer that `scorers` returns."""

    def __init__(self, labels: Any, predictor: ClassPredictor, level: float | None):
        self.labels = None if labels is None else np.asarray(labels).tolist()
        self.predictor = predictor
        self.level = level  # confidence level, or None without intervals
        self._classes: WeakKeyDictionary[Any, set] = WeakKeyDictionary()

    def __repr__(self) -> str:
        intervals = (
            ""
            if self.level is None
            else f", intervals=True, confidence_level={self.level!r}"
        )
        return (
            f"scorers({self.labels!r}, label_map={self.predictor.label_map!r}, "
            f"rest={self.predictor.rest!r}, "
            f"call_predict={self.predictor.call_predict!r}{intervals})"
        )

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        y = as_labels(y, "y")
        found = self.predictor.find_classes(estimator, y)
        if self.labels is not None:
            labels = self.labels
        else:
            # A class that a training fold lacks is in the test fold.
            labels = sort_classes(self._remember(estimator, found.classes))
        _check_labels_known(labels, sorted({*found.merged.values()}), found.y_true)
        warn_of_unfitted(found.unfitted)
        y_pred, y_score = self.predictor.predict(estimator, X, labels, found.merged)
        table = classification_table(
            found.y_true,
            y_pred,
            y_score,
            labels=labels,
            intervals=self.level is not None,
            confidence_level=self.level or 0.95,
        )
        scores = _name_scores(table, labels)
        for label in found.scheme or ():
            right = (y_pred == found.y_true)[y == label]
            name = f"original_sensitivity_{label}"
            if self.level is None:
                scores.append((name, float(right.mean()) if len(right) else np.nan))
            else:
                share = proportion_interval(right, confidence_level=self.level)
                scores += _name_bounds(name, share)
        check_bound_names([name for name, _ in scores])
        return _Scores(scores)

    def _remember(self, estimator: Any, classes: set) -> set:
        """Return all classes for which this estimator has been scored.

        `cross_validate(return_train_score=True)` scores the test samples first, and
        needs the same scores of the training samples.
        """
        if type(estimator).__hash__ is None:
            return classes
        known = self._classes.setdefault(estimator, set())
        known.update(classes)
        return known

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_classes": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _classes=WeakKeyDictionary())


def _name_scores(table: ScoreTable, labels: list) -> list[tuple[str, float]]:
    """Return the scores of a table with the keys of a scorer."""
    scores = [] if table.has_intervals else [*table.overall.items()]
    for name, estimate in table.overall_intervals.items():
        scores += _name_bounds(name, estimate)
    for prefix, row in [(None, MACRO_AVERAGE), *((label, label) for label in labels)]:
        for column in table.columns:
            if column == "support":
                continue
            name = f"macro_{column}" if prefix is None else f"{column}_{prefix}"
            if table.has_intervals:
                scores += _name_bounds(name, table.interval(row, column))
            else:
                scores.append((name, table[row, column]))
    return scores


def _name_bounds(name: str, estimate: Estimate) -> list[tuple[str, float]]:
    """Return a score and its bounds with the keys of a scorer."""
    return [
        (name, estimate.value),
        (f"{name}_low", estimate.low),
        (f"{name}_high", estimate.high),
    ]


def _check_labels_known(labels: list, fitted: list, y: Any) -> None:
    """Check that all classes of the estimator and of the samples are scored."""
    for what, values in (
        ("The estimator was fitted on", fitted),
        ("The samples to score hold", np.unique(y).tolist()),
    ):
        unknown = [label for label in values if label not in labels]
        if unknown:
            raise ValueError(
                f"{what} the classes {unknown}, which are not scored: scoring "
                f"{labels}. Pass all classes of the data: scorers(labels=[...])."
            )
