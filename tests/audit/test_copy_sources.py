import numpy as np

from cxrclf.audit import ReportTable
from cxrclf.audit._copy_sources import CopySources
from cxrclf.audit._leaks import label_exact

# Rows 0, 1, 2 have the same pixels. Row 3 is row 0, flipped. Row 4 is a part of row 3.
PAIRS = ReportTable(
    {
        "row_a": [0, 0, 0, 3],
        "row_b": [1, 2, 3, 4],
        "kind": ["exact", "exact", "flipped", "cropped"],
        "correlation": [1.0, 1.0, 0.98, 0.95],
    }
)
COPIES = np.array([0, 0, 0, 0, 0, 1])
EXACT = label_exact(PAIRS, 6)


def find(train, test):
    found = CopySources(PAIRS, COPIES, EXACT).find(np.array(train), np.array(test))
    return [(source.row, source.kind) for source in found]


def test_exact_copies_of_a_row_that_is_in_no_pair():
    assert find([2, 3], [1]) == [(2, "exact")]


def test_changed_copy_of_a_row_with_the_same_pixels():
    # The pair of rows 0 and 3 also holds for rows 1 and 3, which have no pair.
    assert find([1, 4], [3]) == [(1, "flipped")]
    assert find([3], [2]) == [(3, "flipped")]


def test_linked_copies():
    ((row, kind),) = find([4, 5], [0])
    assert (row, kind) == (4, "linked")
    source = CopySources(PAIRS, COPIES, EXACT).find(np.array([4]), np.array([0]))[0]
    assert np.isnan(source.correlation)


def test_highest_correlation_is_preferred():
    assert find([0, 4], [3]) == [(0, "flipped")]
