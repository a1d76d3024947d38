"""A call that fails leaves the estimator as it was."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from cxrclf import Augmentation, CXRClassifier
from cxrclf.exceptions import ImageReadError
from cxrclf.optimizers import Optimizer


def test_a_failed_first_fit_leaves_it_unfitted(small_classifier):
    clf = small_classifier()
    with pytest.raises(ImageReadError):
        clf.fit(["missing0.png", "missing1.png"], ["a", "b"])
    with pytest.raises(NotFittedError):
        clf.predict(np.zeros((1, 32, 32)))
    assert not [name for name in vars(clf) if name.endswith("_")]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_later_call_leaves_the_net(method, radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier().fit(X, y)
    expected, history = clf.predict_proba(X), deepcopy(clf.history_)
    with pytest.raises(ImageReadError):
        getattr(clf, method)(["m0.png", "m1.png", "m2.png"], np.unique(y))
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert clf.classes_.tolist() == ["covid", "normal", "pneumonia"]
    assert clf.history_ == history


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_training_that_fails_on_its_way_gives_the_net_back(
    method, trainable, radiographs, small_classifier
):
    X, y = radiographs.images, radiographs.target
    settings = {
        "trainable": trainable,
        "warm_start": True,
        "optimizer": "sgd",
        "feature_cache": None,
    }
    # Exact: the same trainings, in which one thread computes each layer.
    clf, untouched = (small_classifier(**settings).fit(X, y) for _ in range(2))
    expected = clf.predict_proba(X)
    clf.set_params(learning_rate=1e38, body_learning_rate=1e38)
    with pytest.raises(ValueError, match="diverged"):
        getattr(clf, method)(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    clf.set_params(learning_rate=1e-3, body_learning_rate=None)
    np.testing.assert_array_equal(
        getattr(clf, method)(X, y).predict_proba(X),
        getattr(untouched, method)(X, y).predict_proba(X),
    )


def test_a_failed_training_in_another_precision(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(precision="float32", warm_start=True).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(precision="float64", learning_rate=1e308, body_learning_rate=1e308)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(X, y)
    assert {p.dtype for p in clf.net_.module_.parameters()} == {torch.float32}
    clf.set_params(precision="float32")
    # Exact: the same weights, and the same batches.
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_another_precision_after_fit(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1, precision="float32").fit(X, y)
    expected = clf.predict_proba(X)
    found = clf.set_params(precision="float64").predict_proba(X)
    assert clf.precision_ == "float64"
    assert np.abs(found - expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-5)
    clf.set_params(precision="float32")
    # Exact: the same weights, because float64 holds each float32.
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    clf.set_params(precision="half")
    with pytest.raises(ValueError, match="'precision' parameter of CXRClassifier"):
        clf.predict(X)


def test_a_device_after_fit_that_is_not_there(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(device="cuda:99")
    with pytest.raises(ValueError, match="device='cuda:99' is not available here"):
        clf.predict(X)
    np.testing.assert_array_equal(
        clf.set_params(device="cpu").predict_proba(X), expected
    )


def test_a_parameter_of_an_augmentation_that_is_none():
    clf = CXRClassifier().set_params(augmentation__rotation=15)
    assert clf.augmentation.get_params() == Augmentation(rotation=15).get_params()
    clf.set_params(augmentation__zoom=0.1)
    assert clf.augmentation.rotation == 15
    with pytest.raises(ValueError, match="Invalid parameter 'rotate'"):
        CXRClassifier().set_params(augmentation__rotate=15)


def test_padding_stays_as_fitted(radiograph_files, small_classifier):
    X, y = radiograph_files.data, radiograph_files.target
    clf = small_classifier(max_epochs=1, image_size=(32, 64)).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(keep_aspect_ratio=True)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert not np.allclose(clf.fit(X, y).predict_proba(X), expected, atol=1e-3)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "NAdam"])
def test_the_name_of_a_torch_optimizer(name, radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1, optimizer=name).fit(X, y)
    assert type(clf.net_.optimizer_) is getattr(torch.optim, name)
    same = small_classifier(max_epochs=1, optimizer=Optimizer(name.lower())).fit(X, y)
    # Exact: the same calculation.
    np.testing.assert_array_equal(clf.predict_proba(X), same.predict_proba(X))


@pytest.mark.parametrize(
    "change", [{"hidden_units": 8}, {"trainable": "head"}, {"optimizer": "sgd"}]
)
def test_set_params_after_fit_spoils_no_copy(
    change, radiographs, small_classifier, tmp_path
):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(**change)
    clf.save(tmp_path)
    copies = [
        pickle.loads(pickle.dumps(clf)),
        deepcopy(clf),
        CXRClassifier.load(tmp_path),
    ]
    for copy in copies:
        np.testing.assert_array_equal(copy.predict_proba(X), expected)


def test_the_augmentation_of_the_training_is_saved(
    radiographs, small_classifier, tmp_path
):
    augmentation = Augmentation(rotation=5)
    clf = small_classifier(max_epochs=1, augmentation=augmentation)
    clf.fit(radiographs.images, radiographs.target)
    assert clf.augmentation is augmentation
    clf.set_params(augmentation__rotation=40).save(tmp_path)
    assert CXRClassifier.load(tmp_path).augmentation.rotation == 5


def test_each_column_of_the_history_has_a_value_per_epoch(
    radiographs, small_classifier, tmp_path
):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1, warm_start=True).fit(X, y)
    first = clf.history_
    clf.fit(X, y, X_val=X, y_val=y).fit(X, y, phases=[range(15), range(15, 30)])
    assert {len(column) for column in clf.history_.values()} == {4}
    assert np.isnan(clf.history_["valid_loss"]).tolist() == [True, False, True, True]
    np.testing.assert_array_equal(clf.history_["phase"], [np.nan, np.nan, 1, 2])
    assert len(first["epoch"]) == 1  # not changed in place
    clf.save(tmp_path)
    columns = {"epoch", "train_loss", "train_accuracy", "dur", "learning_rate"}
    for copy in (clf, CXRClassifier.load(tmp_path), pickle.loads(pickle.dumps(clf))):
        np.testing.assert_array_equal(
            copy.history_["valid_loss"], clf.history_["valid_loss"]
        )
        rows = copy.net_.history
        assert all(columns <= set(row) for row in rows)
        assert ["valid_loss" in row for row in rows] == [False, True, False, False]


def test_another_network_cannot_go_on(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1, warm_start=True).fit(X, y)
    clf.set_params(hidden_units=8)
    for method in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match=r"\['hidden_units'\] changed"):
            method(X, y)


class Few(CXRClassifier):
    """A subclass with some of the parameters only."""

    def __init__(self, *, max_epochs=1, random_state=0, warm_start=True):
        super().__init__(
            "test_resnet",
            weights=None,
            max_epochs=max_epochs,
            random_state=random_state,
            warm_start=warm_start,
        )


def test_a_subclass_may_have_fewer_parameters(radiographs, tmp_path):
    X, y = radiographs.images, radiographs.target
    clf = clone(Few()).fit(X, y).fit(X, y).partial_fit(X, y)
    assert clf.n_epochs_ == 3
    clf.save(tmp_path)
    for copy in (Few.load(tmp_path), pickle.loads(pickle.dumps(clf))):
        np.testing.assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))


def test_a_net_trained_elsewhere_loads_on_the_cpu(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1).fit(X, y)
    clf.device = clf._made_with["device"] = "cuda:99"
    with pytest.warns(UserWarning, match="The net is put on the CPU"):
        copy = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))


def test_nothing_of_another_fit_stays(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1, image_shape=(48, 48), validation_fraction=0.3)
    clf.fit(X.reshape(len(X), -1), y)
    assert clf.n_features_in_ == 48 * 48
    clf.set_params(image_shape=None, validation_fraction=None).fit(X, y)
    assert not hasattr(clf, "n_features_in_")
    assert not hasattr(clf, "best_epoch_")
    with pytest.raises(ValueError, match=r"X\[None\] for a single image"):
        clf.predict(X[0])
