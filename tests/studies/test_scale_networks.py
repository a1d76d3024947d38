"""Parameters and backbones of all networks are replaced."""

import pytest
from imblearn.pipeline import make_pipeline
from sklearn.dummy import DummyClassifier

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf.preprocessing import CLAHE
from cxrclf.sampling import AugmentedOverSampler, PhasedClassifier
from cxrclf.studies._networks import Networks
from cxrclf.studies._scale_networks import find_backbones, scale_networks

NETWORKS = Networks(
    {
        "Xception": PhasedClassifier(CXRClassifier("xception")),
        "VGG16": make_pipeline(AugmentedOverSampler(), CXRClassifier("vgg16")),
        "Both": DualBackboneConcat(("xception", "resnet50v2")),
        "VGG16 again": CXRClassifier("vgg16", max_epochs=7),
        "Constant": DummyClassifier(),
    }
)


def test_parameters_are_set_at_any_depth():
    scaled, step, names = scale_networks(
        NETWORKS, CLAHE(), None, {"max_epochs": 3, "clip_limit": 0.25}
    )
    assert names == {name: name for name in NETWORKS}
    assert scaled["Xception"].estimator.max_epochs == 3
    assert scaled["VGG16"][-1].max_epochs == 3
    assert scaled["Both"].max_epochs == scaled["VGG16 again"].max_epochs == 3
    assert step.clip_limit == 0.25
    assert NETWORKS["VGG16 again"].max_epochs == 7


def test_backbones_replace_backbones_in_the_order_of_their_appearance():
    scaled, _, names = scale_networks(NETWORKS, None, ["lite0", "tf_lite1.in1k"], {})
    assert names == {
        "Xception": "lite0 (for Xception)",
        "VGG16": "lite1 (for VGG16)",
        "VGG16 again": "lite1 (for VGG16 again)",
        "Constant": "Constant",
    }
    found = [find_backbones(estimator) for estimator in scaled.values()]
    assert found == [
        {"estimator__backbone": "lite0"},
        {"cxrclassifier__backbone": "tf_lite1.in1k"},
        {"backbone": "tf_lite1.in1k"},
        {},
    ]


def test_a_network_of_several_backbones_gets_all_of_them():
    scaled, _, names = scale_networks(NETWORKS, None, ["a", "b", "c"], {})
    assert names["Both"] == "a + c (for Both)"
    assert scaled["a + c (for Both)"].backbone == ("a", "c")


def test_an_unknown_parameter_is_an_error():
    with pytest.raises(ValueError, match=r"has the parameters \['epochs'\]"):
        scale_networks(NETWORKS, None, None, {"epochs": 3, "max_epochs": 3})


@pytest.mark.parametrize("backbones", ["vgg16", {"vgg16"}])
def test_backbones_must_be_a_sequence(backbones):
    with pytest.raises(ValueError, match="must be a list of names"):
        scale_networks(NETWORKS, None, backbones, {})


def test_a_study_needs_a_network():
    networks = Networks({"Both": DualBackboneConcat(("xception", "resnet50v2"))})
    with pytest.raises(ValueError, match="No network remains"):
        scale_networks(networks, None, ["lite0"], {})
