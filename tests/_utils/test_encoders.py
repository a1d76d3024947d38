"""Meta-estimators that replace labels by numbers are found among the callers."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.model_selection import cross_val_predict, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf._utils.encoders import is_within_encoder


class Probe(ClassifierMixin, BaseEstimator):
    """Classifier that remembers whether its fit was within an encoder."""

    found = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.found.append(is_within_encoder())
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


X, Y = np.zeros((12, 2)), np.array(["a", "b"])[np.arange(12) % 2]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda clf: clf.fit(X, Y), False),
        (lambda clf: make_pipeline(FunctionTransformer(), clf).fit(X, Y), False),
        (lambda clf: cross_validate(clf, X, Y, cv=2), False),
        (lambda clf: cross_val_predict(clf, X, Y, cv=2), False),
        (lambda clf: CalibratedClassifierCV(clf, cv=2).fit(X, Y), False),
        (lambda clf: cross_val_predict(clf, X, Y, cv=2, method="predict_proba"), True),
        (lambda clf: VotingClassifier([("a", clf)]).fit(X, Y), True),
        (lambda clf: StackingClassifier([("a", clf)], cv=2).fit(X, Y), True),
        (lambda clf: BaggingClassifier(clf, n_estimators=2).fit(X, Y), True),
        (lambda clf: OneVsRestClassifier(clf).fit(X, Y), True),
    ],
)
def test_meta_estimators(call, expected):
    Probe.found.clear()
    call(Probe())
    assert set(Probe.found) == {expected}
