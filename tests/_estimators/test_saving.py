"""pickle, joblib, and save/load without pickle."""

import json
import pickle
import shutil

import joblib
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from cxrclf import Augmentation, CXRClassifier


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
    text = json.loads((tmp_path / "model.json").read_text())
    files = sorted(p.name for p in tmp_path.iterdir())
    assert files == ["model.json", text["weights"]["file"]]
    assert (
        load_file(tmp_path / files[1]).keys() == fitted.net_.module_.state_dict().keys()
    )
    assert text["estimator"] == "CXRClassifier"
    assert text["fitted"]["classes"]["values"] == ["covid", "normal", "pneumonia"]
    assert text["preprocessing"] == {
        "image_size": [32, 32],
        "keep_aspect_ratio": False,
        "pixels": "gray, scaled to [0, 1], repeated to 3 channels",
        "normalization": [
            {"network": "test_resnet.r160_in1k", "mean": [0.5] * 3, "std": [0.5] * 3}
        ],
    }
    assert {"cxrclf", "torch", "timm", "scikit-learn"} <= set(text["versions"])


PATHS = ("cache_dir", "checkpoint_dir", "log_dir")


def test_a_saved_model_knows_no_path_of_its_machine(
    radiograph_files, small_classifier, tmp_path
):
    pytest.importorskip("tensorboard")
    X, y = radiograph_files.data, radiograph_files.target
    start = small_classifier(max_epochs=1).fit(X, y)
    weights = tmp_path / "trainer" / "start.safetensors"
    weights.parent.mkdir()
    save_file(
        {
            name.removeprefix("backbone.model."): tensor.contiguous()
            for name, tensor in start.net_.module_.state_dict().items()
            if name.startswith("backbone.model.")
        },
        weights,
    )
    folders = {name: tmp_path / "trainer" / name for name in PATHS}
    clf = small_classifier(max_epochs=1, weights=weights, **folders).fit(X, y)
    clf.save(tmp_path / "model")
    shutil.rmtree(tmp_path / "trainer")
    assert "trainer" not in (tmp_path / "model" / "model.json").read_text()
    again = CXRClassifier.load(tmp_path / "model")
    assert [getattr(again, name) for name in PATHS] == [None] * 3
    assert again.weights == CXRClassifier().weights
    np.testing.assert_array_equal(again.predict_proba(X[:4]), clf.predict_proba(X[:4]))
    assert not (tmp_path / "trainer" / "checkpoint_dir").exists()


@pytest.mark.parametrize("name", PATHS)
def test_a_path_in_a_file_is_not_taken_over(name, fitted, radiograph_files, tmp_path):
    fitted.save(tmp_path)
    path = tmp_path / "model.json"
    text = json.loads(path.read_text())
    text["params"][name] = "/proc/elsewhere"
    path.write_text(json.dumps(text))
    again = CXRClassifier.load(tmp_path)
    assert getattr(again, name) is None
    again.predict(radiograph_files.data[:2])


@pytest.mark.parametrize("weights", [None, "imagenet"])
def test_weights_that_every_machine_has_are_kept(weights, fitted, tmp_path):
    fitted._made_with["weights"] = weights
    fitted.save(tmp_path)
    assert CXRClassifier.load(tmp_path).weights == weights


def test_a_pickle_keeps_all_parameters(small_classifier, radiographs, tmp_path):
    clf = small_classifier(max_epochs=1, cache_dir=tmp_path / "cache")
    clf.fit(radiographs.images, radiographs.target)
    again = pickle.loads(pickle.dumps(clf))
    assert again.get_params() == clf.get_params()
