import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cxrclf.metrics import classification_table, map_labels

FOUR = np.array(["covid", "normal", "pneumonia", "tuberculosis", "covid"])
THREE_CLASSES = {
    "normal": "normal",
    "covid": "covid",
    "pneumonia": "other disease",
    "tuberculosis": "other disease",
}


def test_schemes_of_two_three_and_four_classes():
    assert map_labels(FOUR, {"covid": "covid"}, rest="other").tolist() == [
        "covid", "other", "other", "other", "covid",
    ]  # fmt: skip
    assert map_labels(FOUR, THREE_CLASSES).tolist() == [
        "covid", "normal", "other disease", "other disease", "covid",
    ]  # fmt: skip
    assert_array_equal(map_labels(FOUR, None), FOUR)


@pytest.mark.parametrize(
    "y",
    [
        FOUR.tolist(),
        FOUR.astype(object),
        FOUR[:, np.newaxis],
        [np.str_(label) for label in FOUR],
    ],
    ids=["list", "object", "column", "numpy str"],
)
def test_forms_of_y(y):
    assert_array_equal(map_labels(y, THREE_CLASSES), map_labels(FOUR, THREE_CLASSES))


def test_series():
    pandas = pytest.importorskip("pandas")
    for dtype in (object, "category", "string"):
        y = pandas.Series(FOUR, index=range(5, 10), dtype=dtype)
        assert_array_equal(
            map_labels(y, THREE_CLASSES), map_labels(FOUR, THREE_CLASSES)
        )


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, object])
def test_numbers_whatever_their_type(dtype):
    y = np.array([3, 0, 1, 3], dtype=dtype)
    scheme = map_labels(y, {np.int64(3): 1}, rest=np.int32(0))
    assert scheme.tolist() == [1, 0, 0, 1]
    assert scheme.dtype.kind == "i"
    assert map_labels(y, {3.0: "covid"}, rest="other")[0] == "covid"


def test_booleans():
    y = np.array([True, False])
    assert map_labels(y, {True: "covid", False: "other"}).tolist() == ["covid", "other"]


def test_listed_labels_need_not_occur_and_none_at_all_may():
    assert map_labels(FOUR[:1], THREE_CLASSES).tolist() == ["covid"]
    assert map_labels(FOUR[:0], THREE_CLASSES).shape == (0,)


def test_four_classes_judged_as_two():
    predicted = ["covid", "normal", "tuberculosis", "covid", "normal"]
    to_two = {"label_map": {"covid": "covid"}, "rest": "other"}
    table = classification_table(
        map_labels(FOUR, **to_two), map_labels(predicted, **to_two)
    )
    # Of 2 with COVID-19 one is found; of 3 others one is taken for COVID-19.
    assert table["covid", "sensitivity"] == 1 / 2
    assert table["covid", "specificity"] == 2 / 3


def test_unlisted_labels_are_named():
    with pytest.raises(ValueError, match=r"\['normal', 'pneumonia'\].*rest=\.\.\."):
        map_labels(FOUR, {"covid": "covid", "tuberculosis": "covid"})


@pytest.mark.parametrize(
    ("y", "label_map", "rest", "message"),
    [
        (FOUR, {0: "covid"}, "other", "never the same label"),
        ([0, 1], {"0": "covid"}, "other", "never the same label"),
        (np.array(["covid", 1], dtype=object), {}, "other", "y must be all str or all"),
        ([0.0, np.nan], {0: 1}, 0, "y has 1 missing label .*row 1"),
        (
            np.array(["covid", None], dtype=object),
            None,
            None,
            "y has 1 missing label .*row 1",
        ),
        (FOUR, {"covid": 1}, "other", "classes of label_map and rest: .*mber"),
        (FOUR, {"covid": None}, "other", "classes of label_map and rest: .*None"),
        (FOUR, {"covid": "covid"}, np.nan, "classes of label_map and rest: .*nan"),
        (FOUR, {"covid": "covid", 1: "other"}, "other", "label_map: expected labels"),
        (FOUR[:4].reshape(2, 2), {}, "other", r"y has shape \(2, 2\)"),
    ],
)
def test_unsuitable_labels(y, label_map, rest, message):
    with pytest.raises(ValueError, match=message):
        map_labels(y, label_map, rest=rest)


def test_map_must_be_a_mapping():
    with pytest.raises(TypeError, match="must be a dict"):
        map_labels(FOUR, ["covid"], rest="other")
