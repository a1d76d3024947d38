"""Missing values in all forms of arrays, against pandas.isna."""

import numpy as np
import pytest

from cxrclf._utils.missing import find_missing, format_rows


def test_missing_values_are_those_of_pandas():
    pandas = pytest.importorskip("pandas")
    missing = [None, np.nan, pandas.NA, pandas.NaT, np.datetime64("NaT"), float("nan")]
    values = np.empty(12, dtype=object)
    values[::2] = missing
    values[1::2] = ["a", 0, np.inf, pandas.Timestamp("2020-01-01"), True, "nan"]
    expected = np.flatnonzero(pandas.isna(values))
    assert expected.tolist() == [0, 2, 4, 6, 8, 10]
    np.testing.assert_array_equal(find_missing(values), expected)


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (np.array([0, 1]), []),
        (np.array([True, False]), []),
        (np.array([]), []),
        (np.array([0.5, np.nan, np.inf]), [1]),
        (np.array([1, np.nan + 1j]), [1]),
        (np.array(["NaT", "2020-01-01"], dtype="datetime64[D]"), [0]),
        (np.array(["a", "", " \t", "\xa0", "nan"]), [1, 2, 3]),
        (np.array([["a", None], ["b", "c"]], dtype=object), [0]),
        (np.array([None, np.zeros(2), {}], dtype=object), [0]),
    ],
)
def test_rows_with_missing_values(values, rows):
    assert find_missing(values).tolist() == rows


def test_the_first_rows_are_named():
    assert format_rows(np.array([3])) == "row 3"
    assert format_rows(np.arange(5)) == "rows 0, 1, 2, 3, 4"
    assert format_rows(np.arange(6)) == "rows 0, 1, 2, 3, 4, ..."
