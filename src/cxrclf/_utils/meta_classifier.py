"""Classifiers around another classifier."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def _estimator_has(method: str) -> Any:
    """Return a check of whether the classifier inside has a method."""

    def check(self: Any) -> bool:
        # Its own AttributeError is the better message where it has one.
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class MetaClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Base of classifiers that fit another one and predict with it.

    A subclass has the parameter ``estimator`` and leaves the fitted one in
    ``estimator_``.
    """

    estimator: Any
    estimator_: Any

    def predict(self, X: Any) -> np.ndarray:
        """Predict class labels with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            In any form that the estimator takes.

        Returns
        -------
        ndarray of shape (n,)
            Of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict class probabilities with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            In any form that the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict logarithms of class probabilities with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            In any form that the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the decision function of the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            In any form that the estimator takes.

        Returns
        -------
        ndarray of shape (n,) or (n, n_classes)
            In the order of ``classes_``; for two classes, of the last one.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @property
    def n_features_in_(self) -> int:
        """Number of columns, where the estimator has it."""
        return self._of_estimator("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns, where the estimator has them."""
        return self._of_estimator("feature_names_in_")

    def _of_estimator(self, name: str) -> Any:
        if not hasattr(self, "estimator_"):
            raise AttributeError(
                f"This {type(self).__name__} has no {name} before fit."
            )
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inside = get_tags(self.estimator)
        tags.input_tags = inside.input_tags
        of_classifier = inside.classifier_tags or tags.classifier_tags
        tags.classifier_tags = replace(of_classifier, multi_label=False)
        return tags
