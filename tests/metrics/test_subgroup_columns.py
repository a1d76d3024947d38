"""Columns of subgroups: categories, bands of numbers, missing values."""

import numpy as np
import pandas as pd
import pytest

from cxrclf.metrics._subgroup_columns import select_rows, subgroup_columns


def names_of(column):
    return [column.subgroups[code] for code in column.codes]


def test_categories_are_sorted_and_missing_values_are_unknown():
    by = pd.DataFrame(
        {
            "sex": ["M", "F ", None, "F", "nan"],
            "view": pd.Categorical(["PA", "AP", "PA", np.nan, "PA"]),
            "source": [3, 1, 1, 3, 3],
            "portable": [True, False, True, True, False],
        }
    )
    columns = {column.name: column for column in subgroup_columns(by, 5)}
    assert columns["sex"].subgroups == ["F", "M", "unknown"]
    assert names_of(columns["sex"]) == ["M", "F", "unknown", "F", "unknown"]
    assert names_of(columns["view"]) == ["PA", "AP", "PA", "unknown", "PA"]
    assert names_of(columns["source"]) == ["3", "1", "1", "3", "3"]
    assert names_of(columns["portable"]) == ["True", "False", "True", "True", "False"]


def test_different_numbers_have_different_names():
    sites = [1234567, 1234568, 2**53 + 1]
    (column,) = subgroup_columns({"site": sites}, 3)
    assert column.subgroups == ["1234567", "1234568", "9007199254740993"]
    doses = np.array([1234567.25, 1234567.5, 3, np.nan])
    (column,) = subgroup_columns({"dose": doses}, 4)
    assert column.subgroups == ["3", "1234567.25", "1234567.5", "unknown"]
    (column,) = subgroup_columns({"dose": np.array([0.1, 2], np.float32)}, 2)
    assert column.subgroups == ["0.1", "2"]
    (column,) = subgroup_columns({"site": [2.0, None, True]}, 3)
    assert names_of(column) == ["2", "unknown", "True"]
    (column,) = subgroup_columns({"id": sites[:2]}, 2, {"id": sites[:2]})
    assert column.subgroups == ["1234567 to under 1234568", "1234568 and over"]


def test_a_value_that_is_named_unknown_is_missing():
    (column,) = subgroup_columns({"sex": ["unknown", "Z", None]}, 3)
    assert column.subgroups == ["Z", "unknown"]
    assert names_of(column) == ["unknown", "Z", "unknown"]


def test_ages_have_bands_of_children_and_adults():
    age = [0.5, 2, 11.9, 12, 17, 18, 39, 40, 64, 65, 90, np.nan]
    (column,) = subgroup_columns({"Age": age}, 12)
    assert column.subgroups == [
        "under 2", "2 to under 12", "12 to under 18", "18 to under 40",
        "40 to under 65", "65 and over", "unknown",
    ]  # fmt: skip
    assert column.codes.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


def test_only_bands_that_occur():
    (column,) = subgroup_columns({"dose": [0.1, 7]}, 2, {"dose": [1, 2.5, 5]})
    assert column.subgroups == ["under 1", "5 and over"]
    (column,) = subgroup_columns({"age": ["070", "5"]}, 2)  # text of digits
    assert column.subgroups == ["2 to under 12", "65 and over"]


@pytest.mark.parametrize(
    ("by", "options", "error", "message"),
    [
        ([1, 2], {}, TypeError, "mapping of names to arrays"),
        ({}, {}, ValueError, "no columns"),
        ({"sex": ["F"]}, {}, ValueError, r"by\['sex'\] must have one value per sample"),
        (
            {"dose": np.arange(20.0)},
            {},
            ValueError,
            "20 different numbers. Pass the edges",
        ),
        ({"age": ["old"] * 20}, {}, ValueError, r"by\['age'\] must have numbers"),
        ({"age": range(20)}, {"bands": {"dose": [1]}}, ValueError, "which by lacks"),
        ({"age": range(20)}, {"bands": {"age": [5, 5]}}, ValueError, "increasing"),
        ({"age": range(20)}, {"bands": {"age": []}}, ValueError, "increasing"),
        ({"age": range(20)}, {"bands": {"age": [np.nan]}}, ValueError, "increasing"),
        ({"age": range(20)}, {"bands": {"age": [5, np.inf]}}, ValueError, "increasing"),
    ],
)
def test_columns_that_do_not_fit(by, options, error, message):
    with pytest.raises(error, match=message):
        subgroup_columns(by, 20, **options)


@pytest.mark.parametrize(
    "values",
    [
        ["F", None, "M", np.nan, "F"],
        pd.Series(["F", None, "M", "F", "F"], index=list("abcde")),
        pd.Categorical(["F", np.nan, "M", "F", "F"]),
        pd.Series([1, None, 2, 1, 1], dtype="Int64"),
        np.arange(5) / 2,
    ],
)
def test_samples_have_the_values_of_their_rows(values):
    rows = np.array([3, 0, 2, 2, 1])
    selected = select_rows({"sex": values}, rows)
    (found,) = subgroup_columns(selected, 5)
    (of_all,) = subgroup_columns({"sex": values}, 5)
    expected = names_of(of_all)
    assert names_of(found) == [expected[row] for row in rows]


def test_columns_without_a_value_for_each_row():
    rows = np.array([0, 7, 3])
    with pytest.raises(ValueError, match=r"rows from 0 to 7. Got shape \(3,\)"):
        select_rows({"sex": ["F", "M", "F"]}, rows)
    with pytest.raises(ValueError, match="shape"):
        select_rows({"sex": np.zeros((8, 2))}, rows)
    with pytest.raises(TypeError, match="mapping of names"):
        select_rows(["F"] * 8, rows)
    assert select_rows({"a": np.arange(9)}, rows)["a"].tolist() == [0, 7, 3]


def test_rows_are_not_selected_twice():
    frame = pd.DataFrame({"sex": ["F", "M", "F", "M"]})
    rows = np.array([3, 0, 2, 1])
    for by in (frame.iloc[rows], {"sex": frame["sex"].iloc[rows]}):
        with pytest.raises(ValueError, match="selected twice. Pass the column of all"):
            select_rows(by, rows)
    assert select_rows(frame, np.arange(4))["sex"].tolist() == ["F", "M", "F", "M"]
