"""A fingerprint changes with all that changes a result, and with nothing else."""

import numpy as np
import pytest
import torch
from imblearn.pipeline import make_pipeline
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.preprocessing import CLAHE, LungMasker
from cxrclf.sampling import AugmentedOverSampler, PhasedClassifier
from cxrclf.studies._fingerprint import (
    fingerprint_data,
    fingerprint_fit,
    fingerprint_steps,
)
from cxrclf.studies._plan_folds import Fold

FOLD = Fold(np.array([0, 1]), np.array([2]), np.array([], int))
WEIGHTS = np.arange(5000.0)  # longer than NumPy shows
OTHER = np.where(WEIGHTS == 2500, 0, WEIGHTS)


def make_schedule(factor):
    return lambda epoch, n_epochs: factor


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CXRClassifier(), CXRClassifier(learning_rate=0.01)),
        (CXRClassifier(), DualBackboneConcat("tf_efficientnet_lite0")),
        (CXRClassifier(), CXRClassifier(augmentation=Augmentation())),
        (
            CXRClassifier(augmentation=Augmentation(rotation=5)),
            CXRClassifier(augmentation=Augmentation(rotation=6)),
        ),
        (
            CXRClassifier(weights={"a": torch.tensor(WEIGHTS)}),
            CXRClassifier(weights={"a": torch.tensor(OTHER)}),
        ),
        (DummyClassifier(constant=WEIGHTS), DummyClassifier(constant=OTHER)),
        (CXRClassifier(class_weight={"a": 1}), CXRClassifier(class_weight={"a": 2})),
        (
            PhasedClassifier(CXRClassifier()),
            PhasedClassifier(CXRClassifier(max_epochs=9)),
        ),
        (
            make_pipeline(AugmentedOverSampler(), CXRClassifier()),
            make_pipeline(CXRClassifier()),
        ),
        (
            make_pipeline(CLAHE(), CXRClassifier()),
            make_pipeline(CLAHE(clip_limit=0.5), CXRClassifier()),
        ),
        (
            GridSearchCV(CXRClassifier(), {"dropout": [0.1]}),
            GridSearchCV(CXRClassifier(), {"dropout": [0.2]}),
        ),
        (None, CLAHE()),
    ],
)
def test_what_changes_the_result_changes_the_fingerprint(one, other):
    assert fingerprint_steps(one) == fingerprint_steps(one)
    assert fingerprint_steps(one) != fingerprint_steps(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CXRClassifier(), CXRClassifier(device="cpu", verbose=1, n_threads=3)),
        (CXRClassifier(), CXRClassifier(checkpoint_dir="a", callbacks=[print])),
        (PhasedClassifier(CXRClassifier()), PhasedClassifier(CXRClassifier(verbose=1))),
        (
            GridSearchCV(CXRClassifier(), {"dropout": [0.1]}),
            GridSearchCV(CXRClassifier(), {"dropout": [0.1]}, n_jobs=2, verbose=3),
        ),
        (
            CXRClassifier(learning_rate_schedule=make_schedule(0.5)),
            CXRClassifier(learning_rate_schedule=make_schedule(0.5)),
        ),
    ],
)
def test_the_machine_changes_no_fingerprint(one, other):
    assert fingerprint_steps(one) == fingerprint_steps(other)


def test_a_segmenter_is_known_by_its_weights(small_segmenter, lungs):
    def fit(max_epochs):
        segmenter = small_segmenter(max_epochs=max_epochs)
        segmenter.fit(lungs.images, lungs.masks)
        return LungMasker(FrozenEstimator(segmenter))

    one = fingerprint_steps(fit(1))
    assert one == fingerprint_steps(fit(1))
    assert one != fingerprint_steps(fit(2))
    assert one != fingerprint_steps(LungMasker(None))


def test_folds_data_and_preprocessing_belong_to_a_training():
    valid = FOLD._replace(valid=np.array([3]))
    texts = {
        fingerprint_fit(CXRClassifier(), FOLD, "data"),
        fingerprint_fit(CXRClassifier(), valid, "data"),
        fingerprint_fit(CXRClassifier(), FOLD, "other"),
        fingerprint_fit(CXRClassifier(), FOLD, "data", CLAHE()),
        fingerprint_fit(CXRClassifier(), FOLD, "data", CLAHE(clip_limit=0.5)),
        fingerprint_fit(CXRClassifier(dropout=0.5), FOLD, "data"),
    }
    assert len(texts) == 6


X = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
NAMES, Y, GROUPS = ["a", "b", "c"], np.array(["x", "y", "x"]), np.array([1, 2, 2])


@pytest.mark.parametrize(
    "changes",
    [
        {"names": ["a", "b", "d"]},
        {"X": np.where(X == 9, np.uint8(0), X)},
        {"X": X.astype(np.uint16)},
        {"X": X.reshape(3, 4, 16)},
        {"y": np.array(["x", "y", "y"])},
        {"groups": np.array([1, 2, 3])},
        {"groups": None},
    ],
)
def test_data_are_known_by_names_pixels_classes_and_patients(changes):
    data = {"names": NAMES, "X": X, "y": Y, "groups": GROUPS}
    assert fingerprint_data(**data) == fingerprint_data(**data | {"X": list(X)})
    assert fingerprint_data(**data) != fingerprint_data(**data | changes)


def test_dates_can_be_patients():
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-02"], "datetime64[D]")
    assert fingerprint_data(NAMES, X, Y, days) == fingerprint_data(NAMES, X, Y, days)


def test_files_are_known_by_names_sizes_and_ends(tmp_path):
    paths = [str(tmp_path / name) for name in NAMES]
    for path in paths[:2]:  # the last one is missing
        with open(path, "w") as file:
            file.write("content")
    before = fingerprint_data(NAMES, paths, Y, None)
    assert fingerprint_data(NAMES, paths, Y, None) == before
    with open(paths[0], "a") as file:
        file.write(" and more")
    longer = fingerprint_data(NAMES, paths, Y, None)
    assert longer != before
    with open(paths[0], "w") as file:
        file.write("content and mere")  # of the same size
    assert fingerprint_data(NAMES, paths, Y, None) not in (before, longer)


class Step(BaseEstimator):
    def __init__(self, value=None):
        self.value = value


def test_steps_are_known_by_their_class():
    class Other(Step):
        pass

    assert fingerprint_steps(Step()) != fingerprint_steps(Other())
    assert fingerprint_steps(Step(Step())) != fingerprint_steps(Step(Other()))
