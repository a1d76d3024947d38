"""Rows that are marked to be in every phase."""

import numpy as np
import pandas as pd
import pytest

from cxrclf.sampling._shared_rows import as_mask


@pytest.mark.parametrize(
    "shared_rows",
    [
        [1, 3],
        (3, 1),
        np.array([1, 3], dtype=np.uint8),
        pd.Series([1, 3], index=["a", "b"]),
        [False, True, False, True],
        pd.Series([False, True, False, True], index=list("abcd")),
        np.array([[1], [3]]).ravel(),
    ],
)
def test_forms_of_marked_rows(shared_rows):
    assert as_mask(shared_rows, 4).tolist() == [False, True, False, True]


@pytest.mark.parametrize("shared_rows", [None, []])
def test_no_rows(shared_rows):
    assert as_mask(shared_rows, 3).tolist() == [False] * 3


@pytest.mark.parametrize(
    ("shared_rows", "message"),
    [
        ([True, False], "mask of 2 rows, and y has 4"),
        ([0, 4], r"outside \[0, 4\): \[4\]"),
        ([-1], r"outside \[0, 4\): \[-1\]"),
        ([0, 1, 1, 0], "make it one of bool"),
        ([0.0, 1.0], "of type float64"),
        (["a.png"], "of type <U5"),
    ],
)
def test_rows_that_do_not_fit(shared_rows, message):
    with pytest.raises(ValueError, match=message):
        as_mask(shared_rows, 4)
