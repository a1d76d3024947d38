"""pickle, joblib, and save/load without pickle."""

import json
import pickle

import joblib
import numpy as np
import pytest

from cxrclf import Augmentation, CXRClassifier
from cxrclf.exceptions import WeightsError


@pytest.fixture
def fitted(radiograph_files, small_classifier):
    clf = small_classifier(
        augmentation=Augmentation(rotation=5, zoom=(0.9, 1.1)),
        class_weight={"covid": 2.0},
    )
    return clf.fit(radiograph_files.data, radiograph_files.target)


def test_pickle_and_joblib_round_trip(fitted, radiograph_files, tmp_path):
    X = radiograph_files.data
    expected = fitted.predict_proba(X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    joblib.dump(fitted, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_a_pickled_classifier_trains_on_as_if_it_had_not_been(fitted, radiograph_files):
    again = pickle.loads(pickle.dumps(fitted))
    X, y = radiograph_files.data, radiograph_files.target
    expected = fitted.partial_fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again.partial_fit(X, y).predict_proba(X), expected)
    assert again.n_epochs_ == 4


def test_the_pickle_holds_arrays_and_no_torch_objects(fitted):
    state = fitted.__getstate__()["net_"]
    assert all(isinstance(v, np.ndarray) for v in state["module"].values())
    assert b"torch" not in pickle.dumps(state)


def test_save_and_load(fitted, radiograph_files, tmp_path):
    X = radiograph_files.data
    fitted.save(tmp_path / "model")
    again = CXRClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(again.classes_, fitted.classes_)
    assert again.classes_.dtype == fitted.classes_.dtype
    assert again.get_params()["augmentation__zoom"] == (0.9, 1.1)
    assert again.class_weight == {"covid": 2.0}
    assert again.history_ == fitted.history_
    again.partial_fit(X, radiograph_files.target)
    fitted.save(tmp_path / "model")  # replaces the one before


def test_the_saved_files_say_what_a_stranger_needs(fitted, tmp_path):
    fitted.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    text = json.loads((tmp_path / "model.json").read_text())
    assert text["estimator"] == "CXRClassifier"
    assert text["fitted"]["classes"]["values"] == ["covid", "normal", "pneumonia"]
    assert text["preprocessing"] == {
        "image_size": [32, 32],
        "keep_aspect_ratio": False,
        "pixels": "grey, scaled to [0, 1], repeated to 3 channels",
        "normalization": [
            {"network": "test_resnet.r160_in1k", "mean": [0.5] * 3, "std": [0.5] * 3}
        ],
    }
    assert {"cxrclf", "torch", "timm", "scikit-learn"} <= set(text["versions"])


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


def test_damaged_folders_are_refused(fitted, tmp_path):
    with pytest.raises(WeightsError, match=r"model\.json is missing"):
        CXRClassifier.load(tmp_path / "nowhere")
    fitted.save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    with pytest.raises(WeightsError, match="does not belong to"):
        CXRClassifier.load(tmp_path)
    (tmp_path / "model.json").write_text("{ half")
    with pytest.raises(WeightsError, match="damaged or not written by save"):
        CXRClassifier.load(tmp_path)


def test_a_newer_format_and_another_estimator_are_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    path = tmp_path / "model.json"
    text = json.loads(path.read_text())
    path.write_text(json.dumps({**text, "format": 99}))
    with pytest.raises(WeightsError, match="has format 99"):
        CXRClassifier.load(tmp_path)
    path.write_text(json.dumps({**text, "estimator": "UNetSegmenter"}))
    with pytest.raises(WeightsError, match="saved by UNetSegmenter"):
        CXRClassifier.load(tmp_path)


def test_what_json_cannot_hold_is_refused_before_writing(
    radiographs, small_classifier, tmp_path
):
    clf = small_classifier(learning_rate_schedule=lambda epoch, n: 1.0, max_epochs=1)
    clf.fit(radiographs.images, radiographs.target)
    with pytest.raises(ValueError, match="learning_rate_schedule cannot be saved"):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
