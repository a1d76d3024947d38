"""Small radiographs, as arrays and as files, and a small classifier."""

import pytest

from cxrclf import CXRClassifier
from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)


@pytest.fixture(scope="session")
def radiographs():
    return make_chest_radiographs(30, image_size=48, random_state=0)


@pytest.fixture(scope="session")
def radiograph_files(radiographs, tmp_path_factory):
    folder = save_image_folder(
        radiographs.images,
        radiographs.target,
        tmp_path_factory.mktemp("data") / "radiographs",
        groups=radiographs.groups,
    )
    return load_image_folder(folder, groups=r"^(patient\d+)")


@pytest.fixture
def small_classifier():
    """Return a function that makes a classifier which trains in a moment."""

    def make(**parameters):
        defaults = {
            "weights": None,
            "image_size": 32,
            # "auto" depends on the processor.
            "precision": "float32",
            # Several threads repeat a training but for rounding, one to the last bit.
            "n_threads": 1,
            "max_epochs": 2,
            "random_state": 0,
            "trainable": "all",
            "backbone": "test_resnet",
        }
        return CXRClassifier(**{**defaults, **parameters})

    return make
