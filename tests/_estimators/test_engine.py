"""The engine of an estimator: parameters that exclude each other, and its graph."""

import pickle

import pytest

from cxrclf._estimators import engine
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import MissingDependencyError
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime
INT8 = {"trainable": "head", "precision": "int8"}


@pytest.fixture(scope="module")
def data():
    return make_chest_radiographs(12, image_size=32, random_state=0)


@pytest.fixture
def make(small_classifier):
    def make(**parameters):
        defaults = {"max_epochs": 1, "engine": "onnxruntime"}
        return small_classifier(**defaults | parameters)

    return make


def test_there_is_no_engine_before_fit(make):
    assert not hasattr(make(), "engine_")


@pytest.mark.parametrize("chosen", ["torch", "onnxruntime"])
def test_the_engine_is_that_of_the_net(chosen, make, data):
    clf = make(engine=chosen).fit(data.images, data.target)
    assert clf.engine_ == chosen
    assert "engine_" not in vars(clf)
    again = pickle.loads(pickle.dumps(clf.set_params(engine="auto")))
    assert again.engine_ == chosen  # and not what "auto" would choose
    assert "engine_" not in vars(again)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"precision": "bfloat16"}, "computes in float32, but precision is 'bfloat16'"),
        ({"precision": "float64"}, "computes in float32, but precision is 'float64'"),
        ({"compile": True}, "compile=True compiles for torch"),
        ({"precision": "int8", "trainable": "all"}, "needs a frozen body"),
        (INT8 | {"head_epochs": 1}, "needs a frozen body"),
        (INT8 | {"engine": "torch"}, "is computed by ONNX Runtime"),
        (INT8 | {"device": "meta"}, "is for CPUs, but device is 'meta'"),
        ({"engine": "tensorrt"}, "'engine' parameter of CXRClassifier must be"),
    ],
)
def test_parameters_that_exclude_each_other(parameters, message, make, data):
    with pytest.raises(ValueError, match=message):
        make(**parameters).fit(data.images, data.target)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"precision": "bfloat16"}, "computes in float32"),
        ({"compile": True, "precision": "float64"}, "computes in float32"),
        ({"precision": "int8"}, "needs a frozen body"),
    ],
)
def test_parameters_after_fit_are_checked(parameters, message, make, data):
    clf = make().fit(data.images, data.target).set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        clf.predict_proba(data.images[:2])


def test_integers_without_onnx_runtime(make, data, monkeypatch):
    pickled = pickle.dumps(make(**INT8).fit(data.images, data.target))

    def require(purpose):
        raise MissingDependencyError(purpose)

    monkeypatch.setattr(engine, "require", require)
    with pytest.raises(MissingDependencyError, match="int8"):
        pickle.loads(pickled)
