"""The network of a classifier: one backbone, or several side by side."""

import pytest
import torch

from cxrclf import DualBackboneConcat
from cxrclf.classification import _network
from cxrclf.classification._network import (
    check_backbones,
    is_several,
    largest_image_size,
    make_network,
)
from cxrclf.exceptions import WeightsError
from cxrclf.nets import ConcatBackbone

NAMES = "test_resnet", "test_efficientnet"


def network_of(backbone, weights=None, **changes):
    settings = {
        "n_classes": 3,
        "hidden_units": None,
        "dropout": 0.0,
        "pointwise_channels": 8,
        "pooling": "mean",
        "normalization": "backbone",
        "in_channels": 3,
        "image_size": (32, 32),
    }
    return make_network(backbone, weights, **settings | changes).eval()


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
@pytest.mark.parametrize("backbone", ["test_resnet", NAMES, list(NAMES)])
def test_one_or_several_backbones(backbone, pooling):
    network = network_of(backbone, pooling=pooling)
    with torch.no_grad():
        assert network(torch.rand(2, 1, 32, 32)).shape == (2, 3)
    assert isinstance(network.backbone, ConcatBackbone) == is_several(backbone)


def test_each_of_several_backbones_has_its_weights():
    states = [network_of(name).backbone.model.state_dict() for name in NAMES]
    network = network_of(NAMES, [states[0], None])
    first, second = network.backbone.branches
    assert all(
        torch.equal(first.model.state_dict()[k], v) for k, v in states[0].items()
    )
    found = second.model.state_dict()
    assert not all(torch.equal(found[k], v) for k, v in states[1].items())


def test_the_largest_size_is_that_of_all():
    assert largest_image_size("xception") == (299, 299)
    assert largest_image_size(("resnet50v2", "xception")) == (299, 299)


def test_what_is_wrong_is_said_before_weights_are_loaded(radiographs, monkeypatch):
    def load(*args, **kwargs):
        raise AssertionError("weights are loaded")

    monkeypatch.setattr(_network, "make_backbone", load)
    X, y = radiographs.images, radiographs.target
    with pytest.raises(ValueError, match="no network named 'resnet50v3'"):
        DualBackboneConcat(("xception", "resnet50v3")).fit(X, y)
    with pytest.raises(WeightsError, match=r"no file of weights at nope\.pth"):
        DualBackboneConcat(weights=("imagenet", "nope.pth")).fit(X, y)


@pytest.mark.parametrize(
    ("backbone", "weights", "message"),
    [
        ("test_resnet", (None, None), "2 weights for the one backbone"),
        (("test_resnet",), None, "two networks or more"),
        (NAMES, (None,), "1 weights for the 2 backbones"),
        (NAMES, "elsewhere", "one entry for each"),
    ],
)
def test_names_and_weights_that_do_not_fit(backbone, weights, message):
    with pytest.raises(ValueError, match=message):
        check_backbones(backbone, weights)
