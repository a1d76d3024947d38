"""A trained classifier that the tests of explanations share."""

import pytest

from cxrclf import CXRClassifier, DualBackboneConcat


def make_classifier(**parameters):
    """Return a classifier that trains in a moment."""
    defaults = {
        "backbone": "test_resnet",
        "weights": None,
        "trainable": "all",
        "max_epochs": 2,
        "precision": "float32",
        "n_threads": 1,
        "random_state": 0,
    }
    return CXRClassifier(**{**defaults, **parameters})


@pytest.fixture(scope="session")
def make():
    return make_classifier


@pytest.fixture(scope="session")
def trained(radiographs):
    """Return a classifier that is fitted on `radiographs`. Do not change it."""
    return make_classifier().fit(radiographs.images, radiographs.target)


@pytest.fixture(scope="session")
def dual(radiographs):
    """Return two networks side by side, fitted on `radiographs`."""
    return DualBackboneConcat(
        ("test_resnet", "test_efficientnet"),
        weights=None,
        image_size=None,
        max_epochs=1,
        precision="float32",
        random_state=0,
    ).fit(radiographs.images, radiographs.target)
