"""The resume file, the loop's end, and what a run is known by."""

import gc
import weakref

import numpy as np
import pytest

from cxrclf import CXRClassifier
from cxrclf.exceptions import WeightsError


@pytest.fixture
def float_images():
    rng = np.random.default_rng(0)
    return rng.random((12, 32, 32), dtype=np.float32), np.arange(12) % 2


def classifier_of(**parameters):
    defaults = {"weights": None, "max_epochs": 2, "random_state": 0}
    return CXRClassifier("test_resnet", **{**defaults, **parameters})


def test_a_damaged_resume_file_is_named(float_images, tmp_path):
    clf = classifier_of(checkpoint_dir=tmp_path).fit(*float_images)
    (file,) = tmp_path.glob("*.resume")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(WeightsError, match=f"{file.name} is damaged. Delete it"):
        clf.fit(*float_images)


def test_numbers_drawn_by_numpy_can_be_resumed(float_images, tmp_path):
    settings = {
        "learning_rate": np.float64(1e-3),
        "max_epochs": np.int64(2),
        "learning_rate_schedule": "linear",
        "checkpoint_dir": tmp_path,
    }
    first = classifier_of(**settings).fit(*float_images)
    again = classifier_of(**settings).fit(*float_images)
    assert again.history_ == first.history_  # durations too: nothing was trained


def test_a_run_is_known_by_what_its_schedule_returns(float_images, tmp_path):
    for factor, n_files in ((0.5, 1), (0.5, 1), (0.25, 2)):
        clf = classifier_of(
            learning_rate_schedule=lambda epoch, n, factor=factor: factor,
            checkpoint_dir=tmp_path,
        )
        clf.fit(*float_images)
        assert len(list(tmp_path.glob("*.resume"))) == n_files


def test_a_training_that_diverges_says_so(float_images):
    clf = classifier_of(optimizer="sgd", learning_rate=1e38, trainable="all")
    with pytest.raises(ValueError, match="diverged: the loss of epoch"):
        clf.fit(*float_images)


def test_a_fitted_classifier_does_not_hold_the_images(float_images):
    X, y = float_images[0].copy(), float_images[1]
    reference = weakref.ref(X)
    clf = classifier_of(validation_fraction=0.5).fit(X, y)
    del X
    gc.collect()
    assert reference() is None
    assert clf.n_epochs_ == 2
