"""Base class of classifiers that wrap another classifier."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def _estimator_has(method: str) -> Any:
    """Return a check for a method of the wrapped classifier."""

    def check(self: Any) -> bool:
        # getattr raises the AttributeError of the wrapped classifier, which may explain
        # why the method is missing.
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class MetaClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Base class of classifiers that fit and use another classifier.

    A subclass has the parameter ``estimator`` and sets the attribute ``estimator_`` to
    the fitted classifier.
    """

    estimator: Any
    estimator_: Any

    def predict(self, X: Any) -> np.ndarray:
        """Predict class labels with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            Samples in any form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n,)
            Predicted labels, from ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict class probabilities with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            Samples in any form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Probabilities of the classes, in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict logarithms of class probabilities with the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            Samples in any form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Logarithms of the probabilities, in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the decision function of the fitted estimator.

        Parameters
        ----------
        X : array-like of n samples
            Samples in any form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n,) or (n, n_classes)
            Scores in the order of ``classes_``. For two classes, the scores of
            ``classes_[1]``.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @property
    def n_features_in_(self) -> int:
        """Number of columns, if the estimator has the attribute."""
        return self._fitted_attribute("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns, if the estimator has the attribute."""
        return self._fitted_attribute("feature_names_in_")

    def _fitted_attribute(self, name: str) -> Any:
        if not hasattr(self, "estimator_"):
            raise AttributeError(
                f"This {type(self).__name__} has no {name} before fit."
            )
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner_tags = get_tags(self.estimator)
        tags.input_tags = inner_tags.input_tags
        classifier_tags = inner_tags.classifier_tags or tags.classifier_tags
        tags.classifier_tags = replace(classifier_tags, multi_label=False)
        return tags
