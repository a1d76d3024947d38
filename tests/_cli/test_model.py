import json

import numpy as np
import pytest

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf._cli.model import load_classifier
from cxrclf.exceptions import WeightsError


def test_a_saved_classifier(saved_model, radiograph_files):
    loaded = load_classifier(saved_model, device="cpu")
    assert type(loaded) is CXRClassifier
    assert loaded.device == "cpu"
    X = radiograph_files.data[:4]
    np.testing.assert_array_equal(
        loaded.predict_proba(X), CXRClassifier.load(saved_model).predict_proba(X)
    )


def test_a_classifier_of_two_backbones(tmp_path, radiographs):
    classifier = DualBackboneConcat(
        ("test_resnet", "test_resnet"),
        weights=None,
        image_size=32,
        max_epochs=1,
        random_state=0,
    )
    classifier.fit(radiographs.images, radiographs.target).save(tmp_path)
    assert type(load_classifier(tmp_path)) is DualBackboneConcat


def test_a_model_that_is_no_classifier(tmp_path, small_segmenter, lungs):
    segmenter = small_segmenter(max_epochs=1)
    segmenter.fit(lungs.images, lungs.masks).save(tmp_path)
    with pytest.raises(
        ValueError, match="has a UNetSegmenter, which is not a classifier"
    ):
        load_classifier(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}'])
def test_damaged_folders(tmp_path, text):
    with pytest.raises(WeightsError, match="holds no saved model: model.json is miss"):
        load_classifier(tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(WeightsError, match="model.json is damaged"):
        load_classifier(tmp_path)


def test_name_of_another_estimator(tmp_path, saved_model):
    description = json.loads((saved_model / "model.json").read_text("utf-8"))
    (tmp_path / "model.json").write_text(json.dumps(description | {"estimator": 3}))
    with pytest.raises(ValueError, match="has a 3, which is not a classifier"):
        load_classifier(tmp_path)


def test_a_device_that_is_not_there(saved_model):
    with pytest.raises(ValueError, match="device='tpu' is not available here. Use"):
        load_classifier(saved_model, device="tpu")
