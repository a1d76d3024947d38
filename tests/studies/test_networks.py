"""Networks are unfitted classifiers with different names."""

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.studies._networks import Networks


def test_each_access_returns_a_new_unfitted_clone():
    fitted = DummyClassifier(strategy="most_frequent").fit([[0], [1]], [0, 1])
    networks = Networks({"a": fitted, "b": DummyClassifier()})
    assert list(networks) == ["a", "b"]
    assert len(networks) == 2
    assert networks["a"] is not networks["a"]
    assert networks["a"].strategy == "most_frequent"
    assert not hasattr(networks["a"], "classes_")
    assert repr(networks) == "<networks a, b>"


def test_a_pipeline_with_a_classifier_is_a_network():
    pipeline = make_pipeline(StandardScaler(), DummyClassifier())
    assert Networks({"p": pipeline})["p"].steps[0][0] == "standardscaler"


@pytest.mark.parametrize(
    ("networks", "error", "message"),
    [
        ({}, ValueError, "one network at least"),
        ({"a": LinearRegression()}, TypeError, "Network 'a' must be a classifier"),
        ({1: DummyClassifier()}, TypeError, "must be text, got 1"),
        ({" ": DummyClassifier()}, TypeError, "must be text, got ' '"),
        (
            dict.fromkeys(["VGG16", "net", "vgg16"], DummyClassifier()),
            ValueError,
            r"\['VGG16', 'vgg16'\] differ in upper and lower case only",
        ),
    ],
)
def test_other_networks_are_refused(networks, error, message):
    with pytest.raises(error, match=message):
        Networks(networks)


def test_an_unknown_name_is_an_error_with_all_names():
    with pytest.raises(KeyError, match=r"No network 'b'. The networks are \['a'\]"):
        Networks({"a": DummyClassifier()})["b"]
