"""What an estimator has learned, as JSON, and back."""

import json
from copy import deepcopy

import numpy as np
import pytest

from cxrclf import Augmentation, CXRClassifier
from cxrclf._estimators.fitted_state import decode_fitted, encode_fitted


@pytest.fixture
def fitted(radiograph_files, small_classifier):
    clf = small_classifier(
        augmentation=Augmentation(rotation=5, zoom=(0.9, 1.1)),
        class_weight={"covid": 2.0},
    )
    return clf.fit(radiograph_files.data, radiograph_files.target)


@pytest.mark.parametrize(
    "labels", [np.array([3, 7]), np.array([False, True]), np.array(["a", "b"], object)]
)
def test_labels_of_every_kind_survive(labels, small_classifier, tmp_path):
    X = np.random.default_rng(0).random((8, 32, 32))
    clf = small_classifier(max_epochs=1).fit(X, labels[np.arange(8) % 2])
    clf.save(tmp_path)
    again = CXRClassifier.load(tmp_path)
    assert again.classes_.dtype == labels.dtype
    assert again.classes_.tolist() == labels.tolist()
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def test_labels_that_json_cannot_hold_are_refused_before_writing(fitted, tmp_path):
    clf = fitted
    clf.classes_ = np.array(["2020-01-01", "2020-01-02"], "datetime64[D]")
    with pytest.raises(ValueError, match=r"cannot be saved to JSON.*Use joblib\.dump"):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_attributes_come_back(
    radiographs, small_classifier, lungs, small_segmenter
):
    clf = small_classifier(image_shape=(48, 48), validation_fraction=0.3)
    clf.fit(radiographs.images.reshape(30, -1), radiographs.target)
    unet = small_segmenter(labels=(0, 1)).fit(lungs.images, lungs.masks)
    for estimator in (clf, unet):
        decoded = decode_fitted(json.loads(json.dumps(encode_fitted(estimator))))
        own = {k: v for k, v in vars(estimator).items() if k.endswith("_")}
        own["engine_"] = estimator.engine_  # the net has it
        assert decoded.keys() == own.keys() - {"net_"}
        for name, value in decoded.items():
            np.testing.assert_equal(value, own[name])
            assert type(value) is type(own[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: [state], "must be a mapping"),
        (lambda state: {**state, "net": 1}, r"unknown attributes: \['net'\]"),
        (lambda state: {"classes": state["classes"]}, "lacks attributes: "),
        (lambda state: {**state, "n_epochs": -1}, "its n_epochs is -1"),
        (lambda state: {**state, "n_epochs": True}, "its n_epochs is True"),
        (lambda state: {**state, "image_size": [32]}, "its image_size"),
        (lambda state: {**state, "feature_cache": "all"}, "its feature_cache"),
        (lambda state: {**state, "history": {"epoch": "12"}}, "its history"),
        (lambda state: {**state, "history": {"a": [1], "b": []}}, "its history"),
        (
            lambda state: {**state, "classes": {"values": [1, 1], "dtype": "<i8"}},
            "its classes",
        ),
    ],
)
def test_other_content_is_refused(change, message, fitted):
    state = json.loads(json.dumps(encode_fitted(fitted)))
    decode_fitted(deepcopy(state))
    with pytest.raises(ValueError, match=message):
        decode_fitted(change(state))
