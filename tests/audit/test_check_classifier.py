import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from cxrclf.audit._check_classifier import check_classifier


def test_classifiers():
    check_classifier(LinearSVC())
    check_classifier(LogisticRegression(), needs_proba=True)


@pytest.mark.parametrize("estimator", ["abc", None, Ridge()])
def test_other_objects(estimator):
    with pytest.raises(TypeError, match="must be a classifier with the methods of sci"):
        check_classifier(estimator)


def test_missing_probabilities():
    with pytest.raises(ValueError, match="needs predict_proba.*CalibratedClassifierCV"):
        check_classifier(LinearSVC(), needs_proba=True)
