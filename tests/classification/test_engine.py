"""Predictions and frozen features through ONNX Runtime."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf._onnx.graph import GraphError
from cxrclf._training import network_graph
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import EngineWarning
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime

SETTINGS = [
    {"trainable": "all"},
    {"trainable": "head", "hidden_units": 8},
    {"trainable": 1, "pooling": "flatten"},
    {"trainable": "head", "pointwise_channels": 5},
]
INT8 = {"trainable": "head", "precision": "int8"}


@pytest.fixture(scope="module")
def data():
    return make_chest_radiographs(40, image_size=32, random_state=0)


@pytest.fixture
def make(small_classifier):
    def make(**parameters):
        return small_classifier(
            **{"max_epochs": 1, "engine": "onnxruntime"} | parameters
        )

    return make


@pytest.fixture(scope="module")
def fitted(data):
    """Return a function that fits a classifier once for all tests."""
    known = {}

    def fit(**settings):
        key = repr(settings)
        if key not in known:
            clf = CXRClassifier(
                "test_resnet",
                weights=None,
                image_size=32,
                max_epochs=1,
                random_state=0,
                n_threads=1,
                **{"precision": "float32", "engine": "onnxruntime"} | settings,
            )
            known[key] = clf.fit(data.images, data.target)
        return known[key]

    return fit


@pytest.mark.parametrize("settings", SETTINGS)
def test_predictions_are_those_of_torch(settings, make, data):
    X, y = data.images, data.target
    in_torch = make(engine="torch", **settings).fit(X, y)
    clf = make(**settings).fit(X, y)
    assert (in_torch.engine_, clf.engine_) == ("torch", "onnxruntime")
    assert clf.precision_ == "float32"
    # Convolutions add their terms in another order.
    np.testing.assert_allclose(
        clf.predict_proba(X), in_torch.predict_proba(X), atol=1e-5
    )


def test_integers_of_8_bits(make, data):
    X, y = data.images, data.target
    plain = make(trainable="head", max_epochs=10).fit(X, y)
    clf = make(trainable="head", max_epochs=10, precision="int8", engine="auto")
    assert clf.fit(X, y).precision_ == "int8"
    assert clf.engine_ == "onnxruntime"
    difference = abs(clf.predict_proba(X) - plain.predict_proba(X)).max()
    assert 1e-6 < difference < 0.05


@pytest.mark.parametrize("settings", [*SETTINGS, INT8])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 11, 13, 15, 16, 17, 39])
def test_cuts_do_not_change_predictions(n, settings, fitted, data):
    clf, X = fitted(**settings), data.images
    whole = clf.predict_proba(X)
    parts = [clf.predict_proba(X[i : i + n]) for i in range(0, len(X), n)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("settings", SETTINGS[:2])
def test_threads_and_workers_do_not_change_predictions(settings, fitted, data):
    clf, X = copy.deepcopy(fitted(**settings)), data.images
    whole = clf.predict_proba(X)
    for n_threads in (2, 3):
        clf.set_params(n_threads=n_threads)
        np.testing.assert_array_equal(clf.predict_proba(X), whole)
    for backend in ("threading", "loky"):
        parts = Parallel(2, backend=backend)(
            delayed(clf.predict_proba)(X[i::2]) for i in range(2)
        )
        for i, part in enumerate(parts):
            np.testing.assert_array_equal(part, whole[i::2])


@pytest.mark.parametrize("settings", [*SETTINGS, INT8])
def test_copies_have_the_same_predictions(settings, fitted, data, tmp_path):
    clf, X = fitted(**settings), data.images
    whole = clf.predict_proba(X)
    clf.save(tmp_path)
    loaded = CXRClassifier.load(tmp_path)
    for other in (loaded, pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf)):
        assert other.engine_ == "onnxruntime"
        np.testing.assert_array_equal(other.predict_proba(X), whole)
    assert json.loads((tmp_path / "model.json").read_text())["fitted"]["engine"] == (
        "onnxruntime"
    )


def test_two_backbones(data):
    clf = DualBackboneConcat(
        ("test_resnet", "test_efficientnet"),
        weights=None,
        image_size=32,
        pointwise_channels=8,
        max_epochs=1,
        random_state=0,
        precision="float32",
        engine="onnxruntime",
    )
    found = clf.fit(data.images, data.target).predict_proba(data.images)
    assert clf.engine_ == "onnxruntime"
    clf.set_params(engine="torch")
    np.testing.assert_allclose(clf.predict_proba(data.images), found, atol=1e-5)
    assert clf.engine_ == "torch"


def test_training_goes_on(make, data):
    clf = make().fit(data.images, data.target)
    before = clf.predict_proba(data.images)
    clf.set_params(learning_rate=0.1).partial_fit(data.images, data.target)
    after = clf.predict_proba(data.images)
    assert abs(after - before).max() > 1e-3
    clf.set_params(engine="torch")
    np.testing.assert_allclose(clf.predict_proba(data.images), after, atol=1e-4)


def test_features_of_torch_are_not_taken_from_the_cache(make, data, monkeypatch):
    X, y = data.images, data.target
    made = []
    compute = network_graph.NetworkGraph.compute
    monkeypatch.setattr(
        network_graph.NetworkGraph,
        "compute",
        lambda self, images: made.append(len(images)) or compute(self, images),
    )
    for engine, expected in (("torch", 0), ("onnxruntime", 40), ("onnxruntime", 40)):
        make(trainable="head", engine=engine).fit(X, y)
        assert sum(made) == expected


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_graph_that_fails(trainable, make, data, monkeypatch):
    X, y = data.images, data.target
    expected = make(trainable=trainable, engine="torch").fit(X, y).predict_proba(X)

    def fetch_graph(*args):
        raise GraphError("its operator aten.strange has no translation")

    monkeypatch.setattr(network_graph, "fetch_graph", fetch_graph)
    clf = make(trainable=trainable)
    if trainable == "head":
        with pytest.warns(EngineWarning, match=r"test_resnet.*: .* aten\.strange"):
            clf.fit(X, y)
        assert clf.engine_ == "torch"
        found = clf.predict_proba(X)
    else:
        clf.fit(X, y)
        with pytest.warns(
            EngineWarning, match=r"test_resnet.*: .* aten\.strange"
        ) as caught:
            found = clf.predict_proba(X)
        assert caught[0].filename == __file__
    # Equal, because torch computed both.
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert clf.engine_ == "torch"


def test_clones_have_the_parameter():
    assert clone(CXRClassifier(engine="torch")).engine == "torch"


_WITHOUT = """
import sys, warnings
for name in ("onnx", "onnxruntime", "onnxscript"):
    sys.modules[name] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: (
    None if name.startswith("onnx") else find(name)
)
import numpy as np
from cxrclf import CXRClassifier
from cxrclf.exceptions import EngineWarning, MissingDependencyError

X = np.load(sys.argv[2])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    clf = CXRClassifier.load(sys.argv[1])
assert [w.category for w in caught] == [EngineWarning], caught
assert "cxrclf[fast]" in str(caught[0].message)
assert clf.engine_ == "torch"
np.save(sys.argv[3], clf.predict_proba(X))
y = np.arange(len(X)) % 2
clf = CXRClassifier("test_resnet", weights=None, image_size=32, max_epochs=1)
assert clf.fit(X, y).engine_ == "torch"
try:
    clf.set_params(engine="onnxruntime").fit(X, y)
except MissingDependencyError as error:
    assert "cxrclf[fast]" in str(error)
else:
    raise AssertionError
"""


def test_without_onnx_runtime(fitted, data, tmp_path):
    clf = fitted(trainable="all")
    clf.save(tmp_path / "model")
    np.save(tmp_path / "images.npy", data.images)
    names = [str(tmp_path / name) for name in ("model", "images.npy", "found.npy")]
    subprocess.run([sys.executable, "-c", _WITHOUT, *names], check=True)
    np.testing.assert_allclose(
        np.load(names[2]), clf.predict_proba(data.images), atol=1e-5
    )
