"""Folds inside a training part have one test part, and divide patients or images."""

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.studies._fixed_test_folds import FixedTestFolds

# 142, 300 and 300 images, with two images per patient.
NAMES = ["covid", "normal", "pneumonia"]
CLASSES = np.repeat(NAMES, [142, 300, 300])
PATIENTS = np.arange(742) // 2


def list_folds(groups=PATIENTS, **parameters):
    folds = FixedTestFolds(**{"duplicates": None} | parameters)
    return list(folds.split(np.arange(742), CLASSES, groups))


@pytest.mark.parametrize("by_patient", [True, False])
def test_each_image_has_one_part(by_patient):
    found = list_folds(by_patient=by_patient)
    assert len(found) == 5
    validated = []
    for train, test, valid in found:
        assert sorted(np.concatenate([train, test, valid])) == list(range(742))
        np.testing.assert_array_equal(test, found[0][1])
        for rows in (train, test, valid):
            assert (np.diff(rows) > 0).all()
            assert set(CLASSES[rows]) == set(CLASSES)
        validated.append(valid)
    # The folds divide the training part.
    everything = np.sort(np.concatenate([*validated, found[0][1]]))
    np.testing.assert_array_equal(everything, np.arange(742))


def test_parts_of_patients_are_disjoint():
    for train, test, valid in list_folds():
        assert not np.intersect1d(PATIENTS[train], PATIENTS[test]).size
        assert not np.intersect1d(PATIENTS[train], PATIENTS[valid]).size
        assert not np.intersect1d(PATIENTS[valid], PATIENTS[test]).size
        assert abs(len(test) / 742 - 0.2) < 0.02


def test_copies_are_on_one_side():
    # The first and the last image of each class are copies.
    copies = np.arange(742)
    for name in NAMES:
        rows = np.flatnonzero(name == CLASSES)
        copies[rows[-1]] = rows[0]
    for parts in list_folds(duplicates=copies):
        for name in NAMES:
            first, last = np.flatnonzero(name == CLASSES)[[0, -1]]
            assert sum(first in rows and last in rows for rows in parts) == 1


def test_images_at_random_have_the_published_numbers():
    """Table 1 of Zebin and Rezvy 2021."""
    shared = 0
    for train, test, valid in list_folds(by_patient=False):
        assert [np.sum(CLASSES[test] == name) for name in NAMES] == [29, 60, 60]
        rest = np.concatenate([train, valid])
        assert [np.sum(CLASSES[rest] == name) for name in NAMES] == [113, 240, 240]
        shared += len(np.intersect1d(PATIENTS[train], PATIENTS[test]))
    assert shared > 0


def test_images_at_random_ignore_patients():
    with_patients = list_folds(by_patient=False)
    without = list_folds(groups=None, by_patient=False)
    for one, other in zip(with_patients, without, strict=True):
        for rows, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(rows, same)


def test_images_without_patients_are_divided_by_their_copies():
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32), dtype=np.uint8)
    images[-1] = images[0]
    y = np.repeat(["covid", "normal"], 30)
    for parts in FixedTestFolds(2).split(images, y):
        assert sum(0 in rows and 59 in rows for rows in parts) == 1


def test_seed_and_number_of_folds():
    first, other = list_folds(), list_folds(random_state=1)
    assert not np.array_equal(first[0][1], other[0][1])
    folds = FixedTestFolds(3)
    assert folds.get_n_splits() == 3
    assert clone(folds).n_splits == 3
    assert len(list_folds(n_splits=3)) == 3
