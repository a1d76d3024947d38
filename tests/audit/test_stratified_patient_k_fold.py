import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier

from cxrclf.audit import StratifiedPatientKFold, link_groups

RANDOM = np.random.default_rng(0)
X = RANDOM.random((60, 4))
Y = RANDOM.choice(["a", "b", "c"], 60)
GROUPS = RANDOM.integers(0, 30, 60)
COPIES = np.arange(60)
COPIES[::5] = RANDOM.integers(0, 5, 12)


def list_tests(splitter, groups):
    return [test.tolist() for _, test in splitter.split(X, Y, groups)]


def test_patients_and_copies_are_on_one_side():
    folds = StratifiedPatientKFold(3, duplicates=COPIES)
    seen = []
    for train, test in folds.split(X, Y, GROUPS):
        assert not set(GROUPS[train]) & set(GROUPS[test])
        assert not set(COPIES[train]) & set(COPIES[test])
        assert len(train) + len(test) == 60
        seen += test.tolist()
    assert sorted(seen) == list(range(60))


def test_folds_are_those_of_scikit_learn_on_joined_groups():
    parameters = {"shuffle": True, "random_state": 3}
    ours = list_tests(
        StratifiedPatientKFold(3, duplicates=COPIES, **parameters), GROUPS
    )
    theirs = StratifiedGroupKFold(3, **parameters)
    assert ours == list_tests(theirs, link_groups(GROUPS, COPIES))
    without = StratifiedPatientKFold(3, duplicates=None, **parameters)
    assert list_tests(without, GROUPS) == list_tests(theirs, GROUPS)


def test_patients_are_needed():
    folds = StratifiedPatientKFold(4, duplicates=None)
    with pytest.raises(ValueError, match="needs groups.*pass groups=range"):
        list_tests(folds, None)


def test_composition_with_scikit_learn():
    folds = StratifiedPatientKFold(3, duplicates=COPIES)
    assert folds.get_n_splits() == 3
    assert "n_splits=3" in repr(folds)
    scores = cross_validate(
        KNeighborsClassifier(1), X, Y, groups=GROUPS, cv=folds, error_score="raise"
    )
    assert len(scores["test_score"]) == 3
    search = clone(KNeighborsClassifier(1))
    assert search.fit(X, Y).score(X, Y) == 1


@pytest.mark.parametrize(
    ("parameters", "groups", "message"),
    [
        ({"duplicates": [1, 2]}, GROUPS, "duplicates belongs to 2 images, and there"),
        ({"duplicates": "all"}, GROUPS, "duplicates must be 'find', None"),
        ({"duplicates": None}, [None] * 60, "missing"),
        ({"n_splits": 40, "duplicates": None}, GROUPS, "n_splits"),
    ],
)
def test_bad_input(parameters, groups, message):
    with pytest.raises(ValueError, match=message):
        list_tests(StratifiedPatientKFold(**parameters), groups)


def test_y_is_needed():
    with pytest.raises(ValueError, match="needs y, the class of each image"):
        next(StratifiedPatientKFold(2, duplicates=None).split(np.zeros((4, 2, 2))))
