"""Patient ids from file names."""

import re

import numpy as np
import pytest

from cxrclf.datasets._groups import check_groups, find_groups

PATHS = ["/data/person1/p7_a.png", "/data/person2/p7_b.png", "/data/x/q12_a.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^[a-z]\d+", ["p7", "p7", "q12"]),  # the whole match
        (r"^[a-z](\d+)", ["7", "7", "12"]),
        (r"^([a-z])(\d+)", ["p-7", "p-7", "q-12"]),
        (r"p(\d+)|q(\d+)", ["7-", "7-", "-12"]),  # no id for two patients
        (re.compile(r"P(\d+)|Q(\d+)", re.IGNORECASE), ["7-", "7-", "-12"]),
    ],
)
def test_a_pattern_is_searched_in_the_file_name(pattern, expected):
    find = check_groups(pattern)
    assert [find(path) for path in PATHS] == expected


def test_what_does_not_match_has_no_id():
    assert check_groups("person")(PATHS[0]) is None  # of the folder
    assert check_groups("z*")(PATHS[0]) is None  # an empty match


def test_none_and_callables_stay():
    assert check_groups(None) is None
    assert check_groups(len) is len


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a", "b"], "must be a regular expression, a callable or None"),
        (5, "must be a regular expression"),
        ("(a", "is not a regular expression"),
    ],
)
def test_groups_of_another_kind(groups, message):
    with pytest.raises(ValueError, match=message):
        check_groups(groups)


@pytest.mark.parametrize("ids", [["a", "b", "a"], [1, 2, 1], [np.int64(3)] * 3])
def test_ids_of_one_type(ids):
    found = dict(zip(PATHS, ids, strict=True))
    assert find_groups(PATHS, found.get, found.get).tolist() == ids


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_files_without_an_id_are_named(missing):
    found = dict(zip(PATHS, ["a", missing, "b"], strict=True))
    with pytest.raises(ValueError, match=r"no id for 1 of 3 files: 'p7_b\.png'"):
        find_groups(PATHS, found.get, "pattern")


def test_ids_of_mixed_types_are_refused():
    found = dict(zip(PATHS, [1, "1", 2], strict=True))
    with pytest.raises(ValueError, match="ids all str or all int; got 1, '1', 2"):
        find_groups(PATHS, found.get, found.get)
