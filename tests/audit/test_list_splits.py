import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold

from cxrclf.audit._list_splits import list_splits

X = np.zeros((8, 2, 2))
Y = np.array(["a", "b"] * 4)
GROUPS = np.array([0, 0, 1, 1, 2, 2, 3, 3])


def as_lists(splits):
    return [(train.tolist(), test.tolist()) for train, test in splits]


def test_folds_are_those_of_scikit_learn():
    assert as_lists(list_splits(2, X, Y, None)) == as_lists(
        StratifiedKFold(2).split(X, Y)
    )
    assert as_lists(list_splits(GroupKFold(2), X, Y, GROUPS)) == as_lists(
        GroupKFold(2).split(X, Y, GROUPS)
    )


def test_groups_that_a_splitter_ignores_lead_to_no_warning():
    assert len(list_splits(2, X, Y, GROUPS)) == 2


def test_given_splits():
    assert as_lists(list_splits([([0, 1], [2])], X, Y, None)) == [([0, 1], [2])]
    mask = np.arange(8) > 5
    assert as_lists(list_splits([(mask, [])], X, Y, None)) == [([6, 7], [])]


def test_splitter_that_needs_groups():
    with pytest.raises(ValueError, match="groups"):
        list_splits(GroupKFold(2), X, Y, None)


@pytest.mark.parametrize("row", [8, -1])
def test_rows_that_do_not_exist(row):
    with pytest.raises(ValueError, match=f"the row {row}, and there are 8 images"):
        list_splits([([0, 1], [row])], X, Y, None)
