"""Folds as published: by image, and validated on test images."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.studies._image_rest_folds import ImageRestFolds

TRAINING = {"normal": 2000, "pneumonia": 1634}


def make_folds(*tested, **params):
    return ImageRestFolds(
        tested, training=TRAINING, validation=300, n_rare=180, **params
    )


def test_published_data_set():
    y = np.repeat(["covid", "normal", "pneumonia"], [180, 8851, 6054])
    tested = []
    folds = make_folds(31, 31, 30, 31, 31)
    for number, (train, test, valid) in enumerate(folds.split(None, y), start=1):
        # "exceptionally, in fold3, we had 30 cases of COVID-19 for validation, and 150
        # other cases were allocated for training"
        covid = 30 if number == 3 else 31
        assert Counter(y[train].tolist()) == {"covid": 180 - covid, **TRAINING}
        assert Counter(y[test].tolist()) == {
            "covid": covid,
            "normal": 6851,
            "pneumonia": 4420,
        }
        assert sorted([*train, *test]) == list(range(len(y)))
        assert Counter(y[valid].tolist()) == {
            "covid": covid,
            "normal": 300,
            "pneumonia": 300,
        }
        assert set(valid) <= set(test)  # the leak of the paper
        tested.extend(test[y[test] == "covid"].tolist())
    assert number == folds.get_n_splits() == 5
    assert len(tested) == len(set(tested)) == 154


def test_small_frequent_classes_are_tested_too():
    y = np.repeat(["covid", "normal", "pneumonia"], [60, 60, 60])
    for train, test, valid in make_folds(30, 30).split(None, y):
        # 10 of 60 COVID-19 images are tested, and so are as many of each other class.
        assert Counter(y[train].tolist()) == dict.fromkeys(np.unique(y).tolist(), 50)
        assert test.tolist() == valid.tolist()


def test_patients_are_ignored():
    y = np.repeat(["covid", "normal", "pneumonia"], [20, 300, 300])
    patients = np.arange(620) // 2
    for train, test, _ in make_folds(31, 31).split(None, y, patients):
        assert set(patients[train]) & set(patients[test])


def test_same_seed_gives_same_folds():
    y = np.repeat(["covid", "normal", "pneumonia"], [10, 300, 300])
    folds = make_folds(31, 31)

    def rows(folds):
        return [part.tolist() for parts in folds.split(None, y) for part in parts]

    assert rows(folds) == rows(clone(folds))
    assert rows(folds) != rows(clone(folds).set_params(random_state=4))


def test_too_few_images_are_an_error():
    y = np.repeat(["covid", "normal", "pneumonia"], [4, 30, 30])
    with pytest.raises(ValueError, match="'covid' has 4 images, too few for 5 folds"):
        next(make_folds(31, 31, 30, 31, 31).split(None, y))
