"""Groups are one known id per sample."""

import re

import numpy as np
import pytest

from cxrclf._utils.groups import check_groups
from cxrclf.exceptions import LabelWarning

IDS = ["p1", "p1", "p2", "p3"]


@pytest.mark.parametrize(
    "groups",
    [
        IDS,
        tuple(IDS),
        np.array(IDS),
        np.array(IDS, dtype=object),
        np.array(IDS)[:, None],
        np.array([1.0, 1.0, 2.0, -1.0]),
        [1, 1, 2, 3],
        [b"p1", b"p1", b"p2", b"p3"],
    ],
    ids=["list", "tuple", "str", "object", "column", "float", "int", "bytes"],
)
def test_ids_are_taken_as_they_are(groups):
    checked = check_groups(groups, 4)
    assert checked.shape == (4,)
    expected = np.asarray(groups).ravel()
    np.testing.assert_array_equal(checked, expected)


def test_no_groups():
    assert check_groups(None, 4) is None


def missing_ids():
    pandas = pytest.importorskip("pandas")
    with_none = [*IDS[:3], None]
    with_number = [1, 1, 2, None]
    return {
        "list of NaN": [*IDS[:3], np.nan],
        "list of None": with_none,
        "list of NA": [*IDS[:3], pandas.NA],
        "blank": [*IDS[:3], " "],
        "object": np.array(with_none, dtype=object),
        "float": np.array([0, 0, 1, np.nan]),
        "date": np.array(["2020-01-01"] * 3 + ["NaT"], dtype="datetime64[s]"),
        "Series": pandas.Series(with_none, index=range(5, 9)),
        "Series of float": pandas.Series(with_number),
        "Int64": pandas.Series(with_number, dtype="Int64"),
        "string": pandas.Series(with_none, dtype="string"),
        "category": pandas.Series(with_none, dtype="category"),
        "Categorical": pandas.Categorical(with_none),
        "data frame": pandas.DataFrame({"patient": with_none}),
    }


@pytest.mark.parametrize("form", missing_ids())
def test_missing_ids_are_refused_in_every_form(form):
    message = r"^groups has 1 missing id \(NaN, .*\), in row 3\. Give rows without"
    with pytest.raises(ValueError, match=message):
        check_groups(missing_ids()[form], 4)


def test_missing_ids_are_counted():
    with pytest.raises(ValueError, match=r"8 missing ids .*rows 1, 2, 3, 4, 5, \.\.\."):
        check_groups([7, *[None] * 8], 9)


@pytest.mark.parametrize("text", [str(np.nan), str(None), "<NA>", "NaT"])
def test_missing_ids_as_text_are_refused(text):
    for groups in (["p1", text, text], np.array(["p1", text, text], dtype=object)):
        with pytest.raises(ValueError, match=f"the text {text} in rows 1, 2, .*own"):
            check_groups(groups, 3)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, "1", 2, 3], "all str or all numbers, and has '1' and 1. Convert all ids"),
        (np.array([1, "1", 2, 3], dtype=object), "has '1' and 1. Convert all ids"),
        ([{}, {}, {}, {}], "cannot be compared"),
        (np.ones((4, 2)), r"groups has shape \(4, 2\).*Join several columns"),
        ([("hospital", 1)] * 4, r"groups has shape \(4, 2\)"),
        ([["a"], ["a", "b"], ["a"], ["b"]], "rows of several lengths"),
        ("p1", "a list with one id per sample, got 'p1'"),
        (iter(IDS), "a list with one id per sample, got one list_iterator"),
    ],
)
def test_what_is_not_one_id_per_sample_is_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        check_groups(groups, 4)


def test_another_number_of_groups():
    message = "groups has 39 values, but X has 40 samples. Pass one group per sample."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_groups(np.arange(39), 40)
    for n in (60, 20):  # as after oversampling, and after undersampling
        with pytest.raises(ValueError, match="samplers resample X and y only, so hold"):
            check_groups(np.arange(40), n)


def test_ids_that_differ_only_in_blanks():
    with pytest.warns(
        LabelWarning, match=r"\['P1 ', 'P1'\] in groups differ only in b"
    ):
        check_groups(["P1", "P2", "P1 "], 3)


def test_ids_that_differ_in_case_are_different(recwarn):
    check_groups(["P1", "p1", " P3"], 3)
    assert not recwarn.list
