"""Predictions of a fitted classifier, in its own or in a coarser label scheme."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from cxrclf._utils.label_maps import (
    apply_label_map,
    check_label_map,
    complete_label_map,
)
from cxrclf._utils.labels import mixes_str
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import LabelWarning


class ScoredClasses(NamedTuple):
    """Classes in which samples are scored.

    Attributes
    ----------
    y_true : ndarray of shape (n,)
        True classes of the samples.
    scheme : dict or None
        Class of each label of the data, or None if labels are classes.
    merged : dict
        Scored class of each class of the estimator.
    unfitted : set
        Labels or classes of the samples that the estimator was fitted without.
    """

    y_true: np.ndarray
    scheme: dict[Any, Any] | None
    merged: dict[Any, Any]
    unfitted: set

    @property
    def classes(self) -> set:
        """Classes of the estimator, of the samples and of the scheme."""
        return {
            *self.merged.values(),
            *self.y_true.tolist(),
            *(self.scheme or {}).values(),
        }


class ClassPredictor:
    """Predict samples with a fitted classifier, in the classes of a label scheme.

    Parameters
    ----------
    label_map : mapping or None, default=None
        Label scheme of the scores. None uses the scheme of the estimator, if it is a
        `LabelMapClassifier`.
    rest : str or number, default=None
        Class of all labels that `label_map` does not list.
    call_predict : bool, default=False
        Whether to call `predict` even if the estimator has `predict_proba`.

    Raises
    ------
    TypeError, ValueError
        If `label_map` or `rest` is invalid.
    """

    def __init__(
        self,
        label_map: Mapping[Any, Any] | None = None,
        rest: Any = None,
        call_predict: bool = False,
    ):
        self.label_map = None
        if label_map is not None:
            self.label_map = check_label_map(label_map, rest)
        self.rest = rest
        self.call_predict = call_predict

    def find_classes(self, estimator: Any, y: np.ndarray) -> ScoredClasses:
        """Return the classes in which samples with the labels y are scored."""
        if not hasattr(estimator, "classes_"):
            refuse_estimator(estimator)
        unchanged = {label: label for label in estimator.classes_.tolist()}
        last = last_step(estimator)
        own = getattr(last, "label_map_", None)
        unlisted = {*y.tolist()} - (own or unchanged).keys()
        if own is not None:
            own = _add_labels(own, last, unlisted)
        if self.label_map is None:
            scheme, merged = own, unchanged
            unlisted = set() if own is None else unlisted
        else:
            own = own or unchanged
            scheme = complete_label_map({*own, *y.tolist()}, self.label_map, self.rest)
            merged = {label: _merge_class(label, own, scheme) for label in unchanged}
            unlisted -= self.label_map.keys()
        y_true = y if scheme is None else apply_label_map(y, scheme)
        unfitted = unlisted | ({*y_true.tolist()} - {*merged.values()})
        return ScoredClasses(y_true, scheme, merged, unfitted)

    def predict(
        self, estimator: Any, X: Any, labels: list, merged: dict[Any, Any]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return predicted classes, and one column of probabilities per sorted label.

        The probabilities are None for estimators without `predict_proba`. The
        probability of a class that the estimator was fitted without is 0.
        """
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


def refuse_estimator(estimator: Any) -> NoReturn:
    """Raise the error for an estimator that is no classifier."""
    raise TypeError(
        "The estimator must be a classifier with the attribute classes_ after fit, got "
        f"{estimator!r:.60}."
    )


def last_step(estimator: Any) -> Any:
    """Return the final estimator within searches and pipelines."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return estimator


def sort_classes(classes: Iterable[Any]) -> list:
    """Sort classes, which must be all str or all numbers."""
    mixed = mixes_str(classes)
    if mixed:
        raise ValueError(
            f"The samples to score and the classes of the estimator must be all str or "
            f"all numbers, and have {mixed[0]!r} and {mixed[1]!r}. Pass y as in fit."
        )
    return sorted(classes)


def warn_of_unfitted(labels: set) -> None:
    """Warn about labels or classes that the training samples lack."""
    if labels:
        warn_user(
            f"The samples to score hold {sorted(labels, key=repr)}, and the estimator "
            "was fitted without them. Use stratified folds: StratifiedKFold, or "
            "StratifiedGroupKFold with groups.",
            LabelWarning,
        )


def _add_labels(own: dict[Any, Any], fitted: Any, unknown: set) -> dict[Any, Any]:
    """Return a label map with the labels of the test samples that it lacks."""
    if fitted.label_map is None:
        return own | {label: label for label in unknown}
    if unknown and (fitted.rest is None or unknown & {*own.values()}):
        labels = sorted(unknown, key=repr)
        raise ValueError(
            f"The samples to score hold the labels {labels}, which the estimator was "
            "not fitted on. List all labels of the data in label_map, so that each "
            "fold has the same scores."
        )
    return own | dict.fromkeys(unknown, fitted.rest)


def _merge_class(of: Any, own: dict[Any, Any], scheme: dict[Any, Any]) -> Any:
    """Return the class of `scheme` that a class of the scheme `own` is merged into."""
    labels = [label for label in own if own[label] == of]
    classes = {scheme[label] for label in labels}
    if len(classes) > 1:
        raise ValueError(
            f"The estimator does not tell the labels {labels} apart, but label_map "
            f"maps them to different classes: {sorted(classes)}. Map all labels of a "
            "class of the estimator to the same class."
        )
    return classes.pop()


def _has_threshold(estimator: Any) -> bool:
    """Return whether `predict` applies its own threshold to the probabilities."""
    estimator = last_step(estimator)
    if hasattr(estimator, "label_map_"):
        estimator = last_step(estimator.estimator_)
    return isinstance(estimator, (FixedThresholdClassifier, TunedThresholdClassifierCV))
