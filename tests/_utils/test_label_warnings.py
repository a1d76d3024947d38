"""Labels that may not be what they seem are named."""

import warnings

import numpy as np
import pytest

from cxrclf._utils.label_warnings import find_lists, find_twins, warn_of_labels
from cxrclf.exceptions import LabelWarning


@pytest.mark.parametrize(
    ("names", "twins"),
    [
        (["COVID", "Covid", "covid "], [["COVID", "Covid", "covid "]]),
        (["a b", "a  B", "a\xa0b"], [["a b", "a  B", "a\xa0b"]]),
        (["e\u0301", "\u00e9"], [["e\u0301", "\u00e9"]]),  # two encodings of é
        (["COVID-19", "COVID_19", "covid", "covid19"], []),
        ([" covid", "normal"], []),
    ],
)
def test_twins(names, twins):
    assert find_twins(names) == twins


@pytest.mark.parametrize(
    ("names", "lists"),
    [
        (["Effusion|Mass", "Mass"], ["Effusion|Mass"]),
        (["Effusion; Mass", "normal"], ["Effusion; Mass"]),
        (["Effusion", "Mass", "effusion, Mass"], ["effusion, Mass"]),
        (["a,b", "b,c", "c,a"], ["a,b", "b,c", "c,a"]),
        (["covid", "flu", "covid+flu", "covid/flu"], ["covid+flu", "covid/flu"]),
        (["['Mass']", "['Mass', 'Effusion']"], ["['Mass']", "['Mass', 'Effusion']"]),
        (["Pneumonia, viral", "Pneumonia, bacterial", "Pneumonia"], []),
        (["COVID-19/SARS", "other | ", "a&b", "no finding"], []),
        (["pneumonia (viral)", "pneumonia"], []),
    ],
)
def test_lists(names, lists):
    assert find_lists(names) == lists


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            ["COVID", "covid "],
            r"labels \['COVID', 'covid '\] differ only .*casefold",
        ),
        (["a|b", "a"], r"labels \['a\|b'\] look like lists of labels.*one label per"),
        (["nan", "a"], r"labels \['nan'\] look like missing labels.*Remove their rows"),
    ],
)
def test_the_warning_names_labels_and_remedy(labels, message):
    for each in (labels, np.array(labels), np.array(labels, dtype=object)):
        with pytest.warns(LabelWarning, match=message) as caught:
            warn_of_labels(each)
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_many_lists_are_counted():
    with pytest.warns(LabelWarning, match="'4|x'] and 15 more look like lists"):
        warn_of_labels([f"{i}|x" for i in range(20)])


def test_ordinary_labels_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_labels(["covid", "normal", "Pneumonia, viral"])
        warn_of_labels([0, 1, 2.5, True])


def test_a_label_map_decides_about_the_labels_that_it_lists():
    labels = ["COVID", "covid ", "a|b", "nan", "a"]
    listed = {"COVID": "covid", "covid ": "covid", "a|b": "other", "nan": "other"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_labels(labels, listed, "other")
    with pytest.warns(LabelWarning, match="'COVID', 'covid '") as caught:
        warn_of_labels(labels[:2], {"COVID": "covid"}, "other")
    assert len(caught) == 1
    with pytest.warns(LabelWarning, match="look like lists"):
        warn_of_labels(["a|b", "a"], {"a": "sick"}, "well")
