"""Days: numbers, dates and text."""

from datetime import date, datetime

import numpy as np
import pytest

from cxrclf.inspection._sort_days import sort_days


@pytest.mark.parametrize(
    ("days", "order", "names"),
    [
        ([9, 3, 7], [1, 2, 0], ["day 3", "day 7", "day 9"]),
        ([10, 9, 9.5, 9], [1, 3, 2, 0], ["day 9", "day 9", "day 9.5", "day 10"]),
        (np.array([10, 9], dtype=object), [1, 0], ["day 9", "day 10"]),
        ([date(2020, 3, 2), date(2020, 3, 1)], [1, 0], ["2020-03-01", "2020-03-02"]),
        (
            [datetime(2020, 3, 1, 9), datetime(2020, 3, 1, 8)],
            [1, 0],
            ["2020-03-01", "2020-03-01"],
        ),
        (
            np.array(["2020-03-02T10", "2020-03-01T10"], dtype="datetime64[h]"),
            [1, 0],
            ["2020-03-01", "2020-03-02"],
        ),
        (["day 10", "day 9"], [0, 1], ["day 10", "day 9"]),
        (np.array(["b", "a"], dtype=object), [0, 1], ["b", "a"]),
    ],
)
def test_days_are_sorted_and_named(days, order, names):
    found, values, titles = sort_days(days, len(days))
    assert found.tolist() == order
    assert titles == names
    again, _, same = sort_days(values, len(days))  # sorted days stay as they are
    assert again.tolist() == list(range(len(days)))
    assert same == names


def test_numbers_and_text_have_a_type_that_a_chart_can_draw():
    for days, kind in (([2, 1.5], "f"), ([1, 2], "f"), (["a", "b"], "U")):
        assert sort_days(np.array(days, dtype=object), 2)[1].dtype.kind == kind


def test_columns_of_pandas():
    pd = pytest.importorskip("pandas")
    days = pd.Series(pd.to_datetime(["2020-03-02", "2020-03-01"]), index=[5, 6])
    for form in (days, days.tolist()):
        order, _, names = sort_days(form, 2)
        assert order.tolist() == [1, 0]
        assert names == ["2020-03-01", "2020-03-02"]


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([1, 2], r"for each of the 3 images, got an array of shape \(2,\)"),
        ([1, 2, np.nan], "missing values in row 2"),
        ([1, None, 3], "missing values in row 1"),
        (np.array(["2020", "NaT", "NaT"], "datetime64[D]"), "rows 1, 2"),
        (np.array([1, "a", 2], dtype=object), "all of one type, got int, str"),
        ([date(2020, 1, 1), datetime(2020, 1, 1), date(2020, 1, 1)], "date, datetime"),
        ([True, False, True], "got bool"),
    ],
)
def test_other_days_are_refused(days, message):
    with pytest.raises(ValueError, match=message):
        sort_days(days, 3)
