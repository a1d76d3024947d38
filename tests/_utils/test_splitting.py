"""Groups that are kept together, and validation sets."""

import numpy as np
import pytest

from cxrclf._utils.splitting import join_groups, split_validation


def test_validation_keeps_groups_together_and_classes_in_proportion():
    groups = np.repeat(np.arange(60), 3)
    codes = np.repeat(np.arange(60) % 3, 3)
    train, valid = split_validation(codes, groups, 0.2, seed=0)
    assert not set(groups[train]) & set(groups[valid])
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(180))
    np.testing.assert_array_equal(np.bincount(codes[valid]), [12, 12, 12])
    with pytest.raises(ValueError, match="validation_fraction=0.2 cannot be met"):
        split_validation(np.array([0, 1, 1]), np.arange(3), 0.2, seed=0)


def test_groups_with_a_missing_one_are_refused():
    groups = np.array(["a", None, "b", "c"], dtype=object)
    with pytest.raises(ValueError, match="none may be missing"):
        join_groups(groups, np.arange(4))


def test_patients_who_share_an_image_are_joined():
    groups = np.array(["a", "a", "b", "c", "d", "d"])
    keys = np.array([1, 2, 2, 3, 3, 4])
    labels = join_groups(groups, keys)
    assert (labels[:3] == labels[0]).all()
    assert (labels[3:] == labels[3]).all()
    assert labels[0] != labels[3]
