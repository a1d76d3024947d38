"""One small study with results on disk, which the tests of results share."""

from types import SimpleNamespace

import pytest
from sklearn.dummy import DummyClassifier

from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.studies import PublishedScore, Study, StudyResults


@pytest.fixture(scope="session")
def small_net():
    """Return a function that makes a classifier which trains in a moment."""

    def make(**parameters):
        defaults = {
            "backbone": "test_resnet",
            "weights": None,
            "trainable": "all",
            "image_size": 32,
            "max_epochs": 1,
            # "auto" depends on the processor.
            "precision": "float32",
            # Several threads repeat a training but for rounding, one to the last bit.
            "n_threads": 1,
        }
        return CXRClassifier(**{**defaults, **parameters})

    return make


@pytest.fixture(scope="session")
def images():
    """24 images of 32 pixels, of 16 patients and three classes."""
    data = make_chest_radiographs(24, image_size=32, random_state=0)
    return SimpleNamespace(X=data.images, y=data.target, groups=data.groups)


@pytest.fixture(scope="session")
def small_study(small_net):
    """A network with saliency maps, and a classifier without a network."""
    return Study(
        "small",
        {
            "Net/64": small_net(image_size=64, max_epochs=2),
            "Constant": DummyClassifier(strategy="prior"),
        },
        cv=2,
        title="A small study",
        classes=["covid", "normal", "pneumonia"],
        leaks=["It has a leak."],
        published=[
            PublishedScore("Net/64", "accuracy", 0.001),
            PublishedScore("Constant", "accuracy", 1 / 3),
            PublishedScore("Constant", "specificity", 2 / 3),
            PublishedScore("Constant", "sensitivity", 0.95, label="covid"),
            PublishedScore("VGG16", "accuracy", 0.9),
            PublishedScore("Constant", "accuracy", 0.9, scheme="2 classes"),
        ],
    )


@pytest.fixture(scope="session")
def results_folder(small_study, images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "small"
    small_study.run(images.X, images.y, images.groups, out=folder, verbose=0)
    return folder


@pytest.fixture(scope="session")
def results(results_folder):
    return StudyResults.load(results_folder)
