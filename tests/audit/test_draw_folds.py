"""Folds of a shortcut report, against scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    PredefinedSplit,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from cxrclf.audit import StratifiedPatientKFold
from cxrclf.audit._draw_folds import draw_folds

X = np.random.default_rng(0).random((24, 40, 40))
Y = np.repeat(["covid", "normal"], 12)
PATIENTS = np.arange(24) // 2


def assert_same_folds(folds, expected):
    for fold, other in zip(folds, expected, strict=True):
        for rows, other_rows in zip(fold, other, strict=True):
            assert_array_equal(rows, other_rows)


@pytest.mark.parametrize("seed", [0, 1])
def test_number_gives_shuffled_folds(seed):
    splitter = StratifiedKFold(3, shuffle=True, random_state=seed)
    assert_same_folds(draw_folds(3, X, Y, None, None, seed), splitter.split(Y, Y))
    splitter = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    folds = draw_folds(np.int64(3), X, Y, PATIENTS, None, seed)
    assert_same_folds(folds, splitter.split(Y, Y, PATIENTS))
    for train, test in folds:
        assert not set(PATIENTS[train]) & set(PATIENTS[test])


@pytest.mark.parametrize("groups", [None, PATIENTS])
def test_copies_stay_together(groups):
    copies = np.arange(24)
    copies[20:] = [0, 1, 1, 0]
    labels = Y.copy()
    labels[20:] = labels[0]
    tested = []
    for train, test in draw_folds(3, X, labels, groups, copies, 0):
        assert not set(copies[train]) & set(copies[test])
        if groups is not None:
            assert not set(groups[train]) & set(groups[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(24))


def test_more_folds_than_groups_are_refused():
    message = "cv=3 needs 3 groups of images .* and there are 2"
    with pytest.raises(ValueError, match=message):
        draw_folds(3, X, Y, None, np.repeat([0, 1], 12), 0)
    with pytest.raises(ValueError, match=message):
        draw_folds(3, X, Y, np.arange(24) % 2, None, 0)


def test_splits_of_the_user_stay():
    labels = np.tile(["covid", "normal"], 12)
    split = PredefinedSplit([-1] * 16 + [0] * 8)
    expected = [(np.arange(16), np.arange(16, 24))]
    assert_same_folds(draw_folds(split, X, labels, None, None, 0), expected)
    mask = np.arange(24) >= 16
    assert_same_folds(draw_folds([(~mask, mask)], X, labels, None, None, 0), expected)
    # Groups that the splitter does not use are no reason for a warning.
    splitter = StratifiedKFold(3)
    assert_same_folds(
        draw_folds(splitter, X, labels, PATIENTS, None, 0), splitter.split(X, labels)
    )


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=2), "several times"),
        ([(range(12), range(11, 24))], "training and test rows"),
        ([(range(12), [])], "no test rows"),
        ([(range(9, 24), range(9))], "All 9 test images of cv have the class 'covid'"),
        (1, "at least one train/test split"),
    ],
)
def test_splits_that_do_not_fit_are_refused(cv, message):
    with pytest.raises(ValueError, match=message):
        draw_folds(cv, X, Y, None, None, 0)


def test_splitter_gets_the_images():
    """A splitter that searches for copies needs them."""
    images = X.copy()
    images[20] = images[1]
    fold = np.empty(24, int)
    for number, (_, test) in enumerate(
        draw_folds(StratifiedPatientKFold(3), images, Y, np.arange(24), None, 0)
    ):
        fold[test] = number
    assert fold[20] == fold[1]
