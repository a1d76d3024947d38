"""Patients and copies are in one part of a fold only."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from cxrclf.audit import StratifiedPatientKFold
from cxrclf.studies._plan_folds import Fold, plan_folds

N = 90
RNG = np.random.default_rng(0)
Y = np.array(["covid", "normal", "pneumonia"])[np.arange(N) % 3]
GROUPS = np.array([f"p{number}" for number in np.arange(N) // 3 % 25])
COPIES = np.arange(N)
COPIES[[40, 80]] = COPIES[[3, 7]]  # of other patients
X = np.zeros((N, 8, 8), np.uint8)


def plan(cv=5, validation=None, groups=GROUPS, y=Y, duplicates=COPIES):
    study = SimpleNamespace(cv=cv, validation=validation)
    return plan_folds(study, X[: len(y)], y, groups, duplicates)


def link(groups, copies):
    """Return sets of rows that patients and copies link, by merging until the end."""
    sets = [{row} for row in range(len(groups))]
    for keys in (groups, copies):
        for key in set(keys.tolist()):
            rows = set(np.flatnonzero(keys == key).tolist())
            touched = [one for one in sets if one & rows]
            sets = [one for one in sets if not one & rows] + [set().union(*touched)]
    return sets


def assert_apart(folds, groups, copies):
    for fold in folds:
        parts = [set(part.tolist()) for part in fold]
        assert sum(map(len, parts)) == len(set().union(*parts)) == N
        for linked in link(groups, copies):
            assert sum(bool(linked & part) for part in parts) == 1


@pytest.mark.parametrize("validation", [None, 0.2])
def test_patients_and_copies_stay_together(validation):
    folds = plan(validation=validation)
    assert_apart(folds, GROUPS, COPIES)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == list(range(N))
    for fold in folds:
        assert bool(len(fold.valid)) == (validation is not None)


def test_a_fraction_of_the_training_patients_is_held_out():
    for fold in plan(validation=0.25, duplicates=None, groups=None):
        assert len(fold.valid) == pytest.approx(0.25 * (N - len(fold.test)), abs=1)


def test_without_patients_copies_stay_together():
    assert_apart(plan(validation=0.2, groups=None), np.arange(N), COPIES)


def test_the_test_images_can_be_the_validation_set():
    for fold in plan(validation="test"):
        assert fold.valid.tolist() == fold.test.tolist()
        assert not set(fold.train) & set(fold.test)


def test_a_splitter_decides_and_knows_the_patients():
    expected = list(GroupKFold(5).split(X, Y, GROUPS))
    for fold, (train, test) in zip(plan(GroupKFold(5)), expected, strict=True):
        assert fold.train.tolist() == train.tolist()
        assert fold.test.tolist() == test.tolist()


def test_a_splitter_by_image_gives_no_warning():
    expected = [test.tolist() for _, test in KFold(5).split(X)]
    assert [fold.test.tolist() for fold in plan(KFold(5))] == expected


def test_a_patient_splitter_uses_the_known_copies():
    splitter = StratifiedPatientKFold(5)  # it would search the images for copies
    assert_apart(plan(splitter), GROUPS, COPIES)
    assert splitter.duplicates == "find"


@pytest.mark.parametrize(
    "cv", [StratifiedKFold(3, shuffle=True), StratifiedShuffleSplit(2, test_size=0.3)]
)
def test_folds_without_a_seed_are_the_same_each_time(cv):
    first, second = plan(cv), plan(cv)
    for one, two in zip(first, second, strict=True):
        assert one.test.tolist() == two.test.tolist()
    assert cv.random_state is None


class Parts:
    """Splitter with validation rows, as masks."""

    def split(self, X, y, groups):
        number = np.arange(len(y)) % 9
        yield number < 3, number >= 6, (number >= 3) & (number < 6)


def test_a_splitter_can_yield_validation_rows():
    (fold,) = plan(Parts(), validation="test")
    assert [part.tolist() for part in fold] == [
        np.flatnonzero(np.arange(N) % 9 < 3).tolist(),
        np.flatnonzero(np.arange(N) % 9 >= 6).tolist(),
        np.flatnonzero(np.arange(N) // 3 % 3 == 1).tolist(),
    ]


def test_images_per_class_are_counted():
    fold = Fold(np.array([0, 1, 2, 3]), np.array([4]), np.array([], int))
    assert fold.count(Y) == {
        "train": {"covid": 2, "normal": 1, "pneumonia": 1},
        "test": {"covid": 0, "normal": 1, "pneumonia": 0},
    }


def test_a_rare_class_is_an_error_that_counts_its_patients():
    y = np.where(np.isin(GROUPS, ["p1", "p2"]), "rare", "normal")
    with pytest.raises(
        ValueError, match="Class 'rare' has 2 patients, fewer than the 5"
    ):
        plan(5, y=y, duplicates=None)
    with pytest.raises(ValueError, match="'rare' has 1 different images, fewer"):
        plan(2, y=np.array(["rare"] + ["normal"] * 9), groups=None, duplicates=None)


def test_a_part_without_a_class_is_an_error():
    cv = PredefinedSplit(np.where(Y == "covid", 0, -1))
    with pytest.raises(
        ValueError, match=r"Fold 1 has no image of \['covid'\] to train"
    ):
        plan(cv)
    cv = PredefinedSplit(np.where(Y == "covid", -1, np.arange(N) % 2))
    with pytest.raises(ValueError, match=r"Fold 1 has no image of \['covid'\] to test"):
        plan(cv)


def test_a_rare_class_is_in_the_validation_set():
    y = np.repeat(["covid", "normal"], [6, 60])
    folds = plan(3, validation=0.1, groups=None, y=y, duplicates=None)
    for fold in folds:
        count = fold.count(y)
        assert count["valid"] == {"covid": 1, "normal": 4}
        assert count["train"] == {"covid": 3, "normal": 36}
        assert not set(fold.valid) & set(fold.train)
    again = plan(3, validation=0.1, groups=None, y=y, duplicates=None)
    np.testing.assert_array_equal(again[0].valid, folds[0].valid)


def test_a_class_with_one_training_patient_has_no_validation_set():
    y = np.repeat(["covid", "normal"], [2, 20])
    with pytest.raises(ValueError, match=r"no image of \['covid'\] to train on"):
        plan(2, validation=0.1, groups=None, y=y, duplicates=None)
