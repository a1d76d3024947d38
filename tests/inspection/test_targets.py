"""Classes to explain."""

import numpy as np
import pytest

from cxrclf.inspection._targets import find_codes

CLASSES = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
    ("target", "classes", "expected"),
    [
        (None, CLASSES, None),
        ("all", CLASSES, "all"),
        ("b", CLASSES, [1, 1, 1]),
        (["c", "a", "b"], CLASSES, [2, 0, 1]),
        (np.array(["a"] * 3), CLASSES, [0, 0, 0]),
        (7, np.array([3, 7]), [1, 1, 1]),
        (np.int64(3), np.array([3, 7]), [0, 0, 0]),
        (True, np.array([False, True]), [1, 1, 1]),
        # A class may have this name.
        ("all", np.array(["all", "none"]), [0, 0, 0]),
    ],
)
def test_codes(target, classes, expected):
    found = find_codes(target, classes, 3)
    if isinstance(expected, list):
        assert found.tolist() == expected
    else:
        assert found == expected


def test_other_types_are_refused():
    for target, classes in [(True, [0, 1]), (1, [False, True]), ("1", [0, 1])]:
        with pytest.raises(ValueError, match=f"target has {target!r}, but"):
            find_codes(target, np.array(classes), 3)


@pytest.mark.parametrize(
    ("target", "match"),
    [
        (
            "d",
            r"target has 'd', but the classes of the classifier are \['a', 'b', 'c'\]",
        ),
        (["a", "d", "e"], "target has 'd', 'e',"),
        (0, "target has 0"),
        (["a", "b"], r"each of the 3 images, got an array of shape \(2,\)"),
        ([["a"], ["b"], ["c"]], r"shape \(3, 1\)"),
    ],
)
def test_bad_targets(target, match):
    with pytest.raises(ValueError, match=match):
        find_codes(target, CLASSES, 3)
