"""A fold tests all patients that it does not train on."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.datasets import make_chest_radiographs
from cxrclf.studies._patient_rest_folds import PatientRestFolds

TRAINING = {"normal": 2000, "pneumonia": 1634}


def make_folds(**params):
    return PatientRestFolds(training=TRAINING, n_rare=180, duplicates=None, **params)


def test_published_data_set():
    y = np.repeat(["covid", "normal", "pneumonia"], [180, 8851, 6054])
    tested = Counter()
    for train, test in make_folds().split(None, y):
        assert Counter(y[train].tolist()) == {"covid": 144, **TRAINING}
        assert Counter(y[test].tolist()) == {
            "covid": 36,
            "normal": 6851,
            "pneumonia": 4420,
        }
        tested.update(test[y[test] == "covid"].tolist())
    assert len(tested) == 180  # each COVID-19 image in one fold
    assert set(tested.values()) == {1}


def test_no_patient_is_in_two_parts():
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 300, 900)
    # Some patients have images of several classes.
    y = np.array(["covid", "normal", "pneumonia"])[
        np.where(
            rng.random(900) < 0.1, rng.integers(0, 3, 900), np.minimum(patients % 12, 2)
        )
    ]
    # Few training images, so that images of their patients are left over.
    splitter = PatientRestFolds(
        training={"normal": 60, "pneumonia": 60}, n_rare=60, duplicates=None
    )
    folds = list(splitter.split(None, y, patients))
    assert len(folds) == splitter.get_n_splits() == 5
    n_unused = []
    for train, test in folds:
        assert not set(patients[train]) & set(patients[test])
        unused = np.setdiff1d(np.arange(900), np.concatenate([train, test]))
        n_unused.append(len(unused))
        assert set(patients[unused]) <= set(patients[train])
        assert set(y[train]) == set(y[test]) == {"covid", "normal", "pneumonia"}
    assert min(n_unused) > 0


def test_training_set_is_at_most_as_large_as_published():
    y = np.repeat(["covid", "normal", "pneumonia"], [18, 900, 150])
    patients = np.arange(len(y)) // 2
    for train, _ in make_folds(n_splits=3).split(None, y, patients):
        counts = Counter(y[train].tolist())
        assert counts["normal"] == 200  # 2000 · 18 / 180
        assert 90 <= counts["pneumonia"] <= 104  # two of three folds have no more


def test_copies_remain_together():
    data = make_chest_radiographs(
        30, weights=[1, 2, 2], n_patients=30, image_size=64, random_state=0
    )
    images = np.concatenate([data.images, data.images])
    y = np.concatenate([data.target, data.target])
    folds = PatientRestFolds(2, training={"normal": 9, "pneumonia": 9}, n_rare=12)
    for train, test in folds.split(images, y):
        assert not set(train % 30) & set(test % 30)


def test_same_seed_gives_same_folds():
    y = np.repeat(["covid", "normal", "pneumonia"], [10, 300, 300])
    folds = make_folds(random_state=3)

    def rows(folds):
        return [part.tolist() for parts in folds.split(None, y) for part in parts]

    assert rows(folds) == rows(clone(folds))
    assert rows(folds) != rows(clone(folds).set_params(random_state=4))


def test_other_classes_are_an_error():
    with pytest.raises(ValueError, match="a rare class"):
        next(make_folds().split(None, ["normal", "pneumonia"] * 9))
