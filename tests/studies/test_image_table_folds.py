"""Folds by image have the published sizes."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.studies._image_table_folds import ImageTableFolds

SIZES = {"covid": (88, 9, 11), "normal": (437, 44, 52)}


def test_published_sizes_and_disjoint_test_sets():
    y = np.repeat(["covid", "normal"], [108, 533])
    folds = ImageTableFolds(SIZES)
    tested = []
    for parts in folds.split(None, y):
        train, test, valid = (Counter(y[rows].tolist()) for rows in parts)
        assert train == {"covid": 88, "normal": 437}
        assert valid == {"covid": 9, "normal": 44}
        assert test == {"covid": 11, "normal": 52}
        assert sorted(np.concatenate(parts)) == list(range(641))
        tested.extend(parts[1].tolist())
    assert len(tested) == len(set(tested)) == folds.get_n_splits() * 63


def test_sizes_are_scaled_to_other_data():
    y = np.repeat(["covid", "normal"], [30, 100])
    for train, test, valid in ImageTableFolds(SIZES, 2).split(None, y):
        # 30 · 11 / 108 = 3.06, 30 · 9 / 108 = 2.5 (even), 100 · 52 / 533 = 9.8, ...
        assert np.bincount(y[test] == "covid").tolist() == [10, 3]
        assert np.bincount(y[valid] == "covid").tolist() == [8, 2]
        assert np.bincount(y[train] == "covid").tolist() == [82, 25]


def test_same_seed_gives_same_folds():
    y = np.repeat(["covid", "normal"], [30, 100])
    folds = ImageTableFolds(SIZES)

    def rows(folds):
        return [part.tolist() for parts in folds.split(None, y) for part in parts]

    assert rows(folds) == rows(clone(folds))
    assert rows(folds) != rows(clone(folds).set_params(random_state=4))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["covid", "a"] * 9, "the class 'a'.*label_map"),
        (["covid"] * 3 + ["normal"] * 30, "'covid' has 3 images, too few for 4 folds"),
    ],
)
def test_other_data_are_an_error_with_a_remedy(names, message):
    with pytest.raises(ValueError, match=message):
        next(ImageTableFolds(SIZES).split(None, names))
