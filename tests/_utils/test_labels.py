"""y is one known label per sample, text or a number."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from cxrclf._utils.labels import (
    are_numbers_of_classes,
    as_labels,
    check_label_count,
    check_labels,
    explain_unknown,
)

NAMES = ["covid", "normal", "covid", "normal"]
NUMBERS = [0, 1, 0, 1]


def label_forms():
    pandas = pytest.importorskip("pandas")
    return {
        "list": NAMES,
        "tuple": tuple(NAMES),
        "str": np.array(NAMES),
        "object": np.array(NAMES, dtype=object),
        "Series": pandas.Series(NAMES, index=range(5, 9)),
        "string": pandas.Series(NAMES, dtype="string"),
        "category": pandas.Series(NAMES, dtype="category"),
        "Categorical": pandas.Categorical(NAMES),
        "Index": pandas.Index(NAMES),
        "column": np.array(NAMES)[:, None],
        "data frame": pandas.DataFrame({"label": NAMES}),
        "ints": NUMBERS,
        "bool": np.array(NUMBERS, dtype=bool),
        "float": np.array(NUMBERS, dtype=float),
        "Int64": pandas.Series(NUMBERS, dtype="Int64"),
        "boolean": pandas.Series(NUMBERS, dtype="boolean"),
        "ints as objects": np.array(NUMBERS, dtype=object),
    }


@pytest.mark.parametrize("form", label_forms())
def test_every_form_of_labels_gives_the_same_labels(form):
    y = label_forms()[form]
    labels = check_labels(y, warn=False)
    assert labels.shape == (4,)
    expected = NAMES if isinstance(labels[0], str) else NUMBERS
    assert labels.tolist() == expected


def missing_labels():
    pandas = pytest.importorskip("pandas")
    names, numbers = [*NAMES[:3], None], [*NUMBERS[:3], None]
    return {
        "list of NaN": [*NAMES[:3], np.nan],
        "list of None": names,
        "list of NA": [*NAMES[:3], pandas.NA],
        "list of NaT": [*NAMES[:3], pandas.NaT],
        "numbers and None": numbers,
        "empty": [*NAMES[:3], ""],
        "blank": np.array([*NAMES[:3], "  "]),
        "object": np.array(names, dtype=object),
        "float": np.array([0, 1, 0, np.nan]),
        "Series": pandas.Series(names),
        "Series of float": pandas.Series(numbers),
        "Int64": pandas.Series(numbers, dtype="Int64"),
        "Float64": pandas.Series(numbers, dtype="Float64"),
        "boolean": pandas.Series([True, False, True, None], dtype="boolean"),
        "string": pandas.Series(names, dtype="string"),
        "category": pandas.Series(names, dtype="category"),
        "data frame": pandas.DataFrame({"label": names}),
    }


@pytest.mark.parametrize("form", missing_labels())
def test_missing_labels_are_refused_in_every_form(form):
    message = r"^y_true has 1 missing label \(NaN, .*\), in row 3\. Remove these rows"
    with pytest.raises(ValueError, match=message):
        as_labels(missing_labels()[form], "y_true")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "This Net estimator requires y to be passed, but the target y is None"),
        (np.zeros((4, 8, 8), dtype=bool), "If y holds masks, use UNetSegmenter"),
        (np.eye(4), r"y has shape \(4, 4\).*pass np.asarray\(y\)\.argmax\(axis=1\)"),
        ([("a", "b")] * 4, r"y has shape \(4, 2\).*Several labels per image are not"),
        ([["a"], ["a", "b"], ["a"], ["b"]], "rows of several lengths. Several labels"),
        (np.array([["a"], {"a", "b"}, "b"], dtype=object), "y has a list in row 0"),
        (np.array(NAMES, dtype="S"), "type bytes, such as b'covid'. Convert them"),
        ([b"covid", b"normal"], r"type bytes, .*\[label\.decode\(\) for label in y\]"),
        (
            ["covid", 1],
            r"and has 'covid' and 1. Convert .*\[str\(label\) for label in y",
        ),
        (
            np.array([1, "covid"], dtype=object),
            "all str or all numbers, and has 'covid'",
        ),
        (np.array(["2020-01-01"] * 4, dtype="datetime64[D]"), "y has a date in row 0"),
        (dict(enumerate(NAMES)), "a list with one label per sample, got {0: 'covid'"),
        (set(NAMES), "a list with one label per sample, got {"),
        ("covid", "a list with one label per sample, got 'covid'"),
        (3, "a list with one label per sample, got 3"),
        (iter(NAMES), "a list with one label per sample, got one list_iterator"),
        (csr_array(np.eye(4)), "a list with one label per sample, got one csr_array"),
        ([0.1, 0.2, 0.3, 0.45], "Unknown label type: continuous"),
        ([0, 1, np.inf], "contains infinity"),
    ],
)
def test_what_is_not_one_label_per_sample_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_labels(y, owner="Net")


@pytest.mark.skipif(
    not hasattr(np.dtypes, "StringDType"), reason="NumPy 1 has no StringDType"
)
def test_variable_width_strings():
    string = np.dtypes.StringDType(na_object=None)
    assert check_labels(np.array(NAMES, dtype=string)).tolist() == NAMES
    with pytest.raises(ValueError, match="y has 1 missing label .*row 1"):
        check_labels(np.array(["covid", None], dtype=string))


def test_a_column_of_labels_warns_only_in_fit():
    column = np.array(NAMES)[:, None]
    with pytest.warns(UserWarning, match="column-vector"):
        check_labels(column)
    assert as_labels(column, "y").tolist() == NAMES


def test_another_number_of_labels():
    check_label_count("y", 4, 4)
    with pytest.raises(ValueError, match="X has 4, and y_val has 3 labels. Pass one"):
        check_label_count("y_val", 3, 4)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([0, 1], True),
        (np.arange(3, dtype=np.uint8), True),
        ([1, 2], False),
        ([0, 2], False),
        ([False, True], False),
        ([0.0, 1.0], False),
        (["0", "1"], False),
    ],
)
def test_numbers_that_encoders_make(classes, expected):
    classes = np.array(classes)
    assert are_numbers_of_classes(classes) is expected
    assert ("VotingClassifier" in explain_unknown(classes)) is expected
    assert "stratified folds" in explain_unknown(classes)
