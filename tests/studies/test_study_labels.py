"""Classes are renamed, merged and left out as a scheme says."""

from types import SimpleNamespace

import numpy as np
import pytest

from cxrclf.studies._study_labels import choose_classes

Y = np.array(["covid", "normal", "bacteria", "virus", "covid", "normal"])
SCHEMES = {
    "pneumonia": {"covid": "p", "bacteria": "p", "virus": "p", "normal": "n"},
    "4 classes": {name: name for name in ("covid", "normal", "bacteria", "virus")},
    "covid": {"covid": "covid", "normal": "normal"},
}


def make_study(classes=(), schemes=None):
    return SimpleNamespace(name="own", classes=classes, schemes=schemes or {})


def test_without_classes_all_labels_are_used():
    labels, kept, scheme = choose_classes(make_study(), Y, None, None)
    assert labels.tolist() == Y.tolist()
    assert kept.tolist() == [0, 1, 2, 3, 4, 5]
    assert scheme is None


def test_other_classes_than_those_of_the_study_are_left_out():
    labels, kept, _ = choose_classes(make_study(("covid", "normal")), Y, None, None)
    assert labels.tolist() == ["covid", "normal", "covid", "normal"]
    assert kept.tolist() == [0, 1, 4, 5]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_maps_each_label(scheme):
    labels, kept, name = choose_classes(make_study((), SCHEMES), Y, None, scheme)
    expected = [
        (i, SCHEMES[scheme][old]) for i, old in enumerate(Y) if old in SCHEMES[scheme]
    ]
    assert list(zip(kept.tolist(), labels.tolist(), strict=True)) == expected
    assert name == scheme


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        (slice(None), "4 classes"),  # of two with these classes, it keeps them apart
        ([0, 1, 4], "covid"),
    ],
)
def test_the_scheme_with_exactly_the_classes_of_y_is_chosen(rows, scheme):
    assert choose_classes(make_study((), SCHEMES), Y[rows], None, None)[2] == scheme


def test_the_scheme_with_the_most_classes_is_chosen():
    # As for punn2020 without tuberculosis: 3 classes are possible, and not only 2.
    schemes = {
        "2 classes": {
            "covid": "covid",
            "normal": "other",
            "virus": "other",
            "tb": "other",
        },
        "3 classes": {
            "covid": "covid",
            "normal": "normal",
            "virus": "sick",
            "tb": "sick",
        },
        "4 classes": {name: name for name in ("covid", "normal", "virus", "tb")},
    }
    y = np.array(["covid", "normal", "virus"])
    labels, _, scheme = choose_classes(make_study((), schemes), y, None, None)
    assert scheme == "3 classes"
    assert labels.tolist() == ["covid", "normal", "sick"]


def test_label_map_renames_and_leaves_out():
    y = np.array([1, 0, 2, 1, 7])
    label_map = {1: "covid", 0: "normal", 2: "normal"}
    labels, kept, _ = choose_classes(
        make_study(("covid", "normal")), y, label_map, None
    )
    assert labels.tolist() == ["covid", "normal", "normal", "covid"]
    assert kept.tolist() == [0, 1, 2, 3]


def test_a_label_map_comes_before_the_scheme():
    label_map = {"covid": "covid", "bacteria": "normal"}
    labels, kept, _ = choose_classes(make_study((), SCHEMES), Y, label_map, "covid")
    assert labels.tolist() == ["covid", "normal", "covid"]
    assert kept.tolist() == [0, 2, 4]


@pytest.mark.parametrize("label_map", [None, {0: 10, 1: 11}])
def test_classes_are_text_also_for_numbers(label_map):
    labels, *_ = choose_classes(make_study(), np.array([0, 1, 1]), label_map, None)
    first, second = ("0", "1") if label_map is None else ("10", "11")
    assert labels.tolist() == [first, second, second]


@pytest.mark.parametrize(
    ("study", "label_map", "scheme", "message"),
    [
        (make_study(), {"tb": "covid"}, None, r"label_map names \['tb'\]"),
        (make_study(), {"covid": None}, None, "all str or all numbers"),
        (make_study((), SCHEMES), None, "5 classes", "No class scheme '5 classes'"),
        (make_study(), None, "covid", r"No class scheme 'covid'. The schemes are \[\]"),
        (make_study(("covid", "tb")), None, None, r"\['tb'\] missing. Pass label_map="),
        (
            make_study(("covid", "tb")),
            {"covid": "covid"},
            None,
            r"\['tb'\] missing. Name a class for each",
        ),
        (make_study(), {"covid": "p", "virus": "p"}, None, "It needs two classes"),
    ],
)
def test_what_does_not_fit_is_an_error(study, label_map, scheme, message):
    with pytest.raises(ValueError, match=message):
        choose_classes(study, Y, label_map, scheme)


def test_a_list_is_no_label_map():
    with pytest.raises(TypeError, match="label_map must be a dict"):
        choose_classes(make_study(), Y, ["covid"], None)
