"""scikit-learn's own checks, all of them."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from cxrclf import CXRClassifier
from onnx_runtime import needs_onnx_runtime

SETTINGS = {
    "weights": None,
    "trainable": "all",
    "precision": "float64",
    "max_epochs": 30,
    "learning_rate": 3e-3,
    "body_learning_rate": 3e-3,
    "random_state": 0,
}


def expected_failures(estimator):
    if estimator.backbone != "test_resnet":
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "BatchNorm's statistics count each sample once, whatever its weight; "
            "test_nfnet, which has no BatchNorm, passes this check."
        )
    }


# scikit-learn's toy data are rows of features and not pixels in [0, 1], and one of
# its checks passes a column vector as y on purpose.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(
    [
        # Full batches and float64, because scikit-learn compares weighted with
        # repeated samples to a relative 1e-7.
        CXRClassifier("test_nfnet", batch_size=1000, **SETTINGS),
        # Several batches an epoch, for BatchNorm's running statistics to settle.
        CXRClassifier("test_resnet", batch_size=64, **SETTINGS),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# Minutes, because each shape of the toy data needs a graph.
@needs_onnx_runtime
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(
    [
        CXRClassifier(
            "test_resnet",
            batch_size=64,
            **SETTINGS | {"precision": "float32", "engine": "onnxruntime"},
        )
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_checks_with_onnx_runtime(estimator, check):
    check(estimator)
