"""Parameters that are out of their range, or do not go together."""

import inspect

import numpy as np
import pytest
from skorch.callbacks import Checkpoint, EarlyStopping

from cxrclf import CXRClassifier, UNetSegmenter
from cxrclf._estimators.parameters import (
    NET_PARAMETERS,
    NOT_IN_IDENTITY,
    PARAMETER_CONSTRAINTS,
)
from cxrclf.exceptions import ImageReadError


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": -224}, "image_size must be a positive int"),
        ({"image_size": (0, 224)}, "image_size must be a positive int"),
        ({"image_shape": (8,)}, "image_shape must be a positive int"),
        ({"class_weight": {"flu": 2}}, r"unknown classes \['flu'\]"),
        ({"class_weight": {0: -1.0}}, "not negative|not be negative"),
        ({"trainable": "body"}, "'trainable' parameter"),
        ({"trainable": 99}, "stages"),
        ({"backbone": "resnet5000"}, "resnet50"),
        ({"learning_rate": 0}, "'learning_rate' parameter"),
        ({"early_stopping": True}, "needs a validation set"),
        ({"device": "tpu9"}, "device='tpu9' is not available"),
        ({"checkpoint_dir": "runs", "random_state": None}, "int random_state"),
        ({"validation_fraction": 0.5}, "validation_fraction=0.5 cannot be met"),
    ],
)
def test_bad_parameters(parameters, message, small_classifier):
    X = np.random.default_rng(0).integers(0, 256, (4, 32, 32), dtype=np.uint8)
    clf = small_classifier().set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, [0, 1, 1, 1])


@pytest.mark.parametrize(
    "parameters", [{"backbone": "resnet5000"}, {"trainable": 99}, {"weights": "gone"}]
)
def test_a_wrong_network_costs_no_decoding(parameters, small_classifier, tmp_path):
    clf = small_classifier().set_params(**parameters)
    missing = [tmp_path / "missing0.png", tmp_path / "missing1.png"]
    with pytest.raises(ValueError, match="resnet5000|stages|gone") as caught:
        clf.fit(missing, [0, 1])
    assert not isinstance(caught.value, ImageReadError)


@pytest.mark.parametrize("cls", [CXRClassifier, UNetSegmenter])
def test_every_estimator_has_the_shared_parameters(cls):
    parameters = set(inspect.signature(cls).parameters)
    assert set(PARAMETER_CONSTRAINTS) <= parameters
    assert set(cls._parameter_constraints) == parameters
    assert parameters >= NET_PARAMETERS
    assert set(cls._network_parameters) <= parameters


def test_parameters_outside_of_the_identity_are_known():
    assert set(inspect.signature(CXRClassifier).parameters) >= NOT_IN_IDENTITY
    # A grid would else resume a run of other settings.
    assert not NOT_IN_IDENTITY & {"learning_rate", "optimizer", "random_state"}


@pytest.mark.parametrize("name", ["cache_dir", "checkpoint_dir", "log_dir"])
def test_a_folder_that_is_a_file_is_named(
    name, radiographs, small_classifier, tmp_path
):
    (tmp_path / "file").write_text("")
    clf = small_classifier(**{name: tmp_path / "file"})
    with pytest.raises(ValueError, match=f"{name} must be a folder, and .*file is a"):
        clf.fit(radiographs.images, radiographs.target)


@pytest.mark.parametrize(
    "callbacks",
    [
        [EarlyStopping()],
        [("stop", EarlyStopping())],
        [Checkpoint(monitor="valid_loss_best")],
    ],
)
def test_a_callback_that_needs_a_validation_set(
    callbacks, radiographs, small_classifier
):
    clf = small_classifier(callbacks=callbacks)
    with pytest.raises(ValueError, match="which needs a validation set. Set valid"):
        clf.fit(radiographs.images, radiographs.target)
    small_classifier(callbacks=[EarlyStopping(monitor="train_loss")]).fit(
        radiographs.images, radiographs.target
    )
