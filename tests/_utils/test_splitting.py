"""Which rows a validation set gets."""

import numpy as np
import pytest

from cxrclf._utils.splitting import join_groups, link_rows, split_validation


def test_groups_stay_together_and_classes_in_proportion():
    codes = np.repeat([0, 1], [60, 30])
    groups = np.arange(90) // 3  # three rows each, of one class
    train, valid = split_validation(codes, groups, 0.2, seed=3)
    assert sorted([*train, *valid]) == list(range(90))
    assert not set(groups[train]) & set(groups[valid])
    assert np.bincount(codes[valid]).tolist() == [12, 6]
    for rows in (train, valid):
        assert (np.diff(rows) > 0).all()


def test_the_seed_decides():
    codes, groups = np.tile([0, 1], 50), np.arange(100)
    splits = [split_validation(codes, groups, 0.3, seed)[1] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(splits[0], splits[1])
    assert not np.array_equal(splits[0], splits[2])
    # Seeds beyond 32 bits are taken, too.
    split_validation(codes, groups, 0.3, 2**40 + 1)


def test_the_order_of_rows_does_not_change_the_groups_held_out():
    codes, groups = np.tile([0, 1], 20), np.arange(40)
    _, valid = split_validation(codes, groups, 0.25, seed=0)
    _, turned = split_validation(codes[::-1], groups[::-1], 0.25, seed=0)
    assert set(groups[::-1][turned]) == set(groups[valid])


def test_too_few_groups():
    with pytest.raises(ValueError, match="cannot be met with 3 distinct") as caught:
        split_validation(np.array([0, 0, 1]), np.arange(3), 0.5, seed=0)
    assert "pass X_val and y_val" in str(caught.value)


def test_patients_who_share_an_image_are_joined():
    patients = np.array(["a", "a", "b", "c", "d", "d"])
    keys = np.array([1, 2, 2, 3, 4, 3], dtype=np.uint64)
    joined = join_groups(patients, keys)
    # a and b share image 2; c and d share image 3.
    same = joined[:, None] == joined
    expected = np.zeros((6, 6), dtype=bool)
    expected[:3, :3] = expected[3:, 3:] = True
    np.testing.assert_array_equal(same, expected)


def test_patients_of_different_images_stay_apart():
    assert len(set(join_groups(np.array([5, 5, 7]), np.arange(3)))) == 2


def test_no_class_is_held_out_completely():
    # The first row of each group is of class 0, and decides about its side.
    codes, groups = np.array([0, 1, 0, 0]), np.array([0, 0, 1, 2])
    message = r"holds out all rows of {} \[{}\].*X_val and y_val"
    seeds = [seed for seed in range(20) if _holds_out_class_1(codes, groups, seed)]
    assert 0 < len(seeds) < 20
    for classes, what, name in (
        (None, "the sorted classes number", 1),
        (np.array(["normal", "covid"]), "the classes", "'covid'"),
    ):
        with pytest.raises(ValueError, match=message.format(what, name)):
            split_validation(codes, groups, 0.34, seeds[0], classes)


def _holds_out_class_1(codes, groups, seed):
    try:
        train, _ = split_validation(codes, groups, 0.34, seed)
    except ValueError:
        return True
    assert 1 in codes[train]
    return False


def test_linked_rows_against_a_plain_search():
    random = np.random.default_rng(0)
    rows_a, rows_b = random.integers(0, 60, (2, 30))
    labels = np.arange(60)
    for _ in range(60):
        for a, b in zip(rows_a, rows_b, strict=True):
            labels[[a, b]] = min(labels[a], labels[b])
    expected = np.unique(labels, return_inverse=True)[1]
    np.testing.assert_array_equal(link_rows(rows_a, rows_b, 60), expected)
    np.testing.assert_array_equal(link_rows([], [], 3), [0, 1, 2])
