"""Backbones and weights are checked once, before a study."""

import pytest

from cxrclf import DualBackboneConcat
from cxrclf.exceptions import WeightsError
from cxrclf.studies import _check_backbones
from cxrclf.studies._check_backbones import check_backbones


@pytest.fixture
def made(monkeypatch):
    """List of the backbones that are built."""
    made = []
    monkeypatch.setattr(
        _check_backbones,
        "make_backbone",
        lambda name, weights: made.append((name, weights)),
    )
    return made


def test_each_pair_of_name_and_weights_is_built_once(small_net, made):
    check_backbones(
        {
            "one": small_net(weights="a.pth"),
            "same": small_net(weights="a.pth"),
            "random": small_net(),
            "both": DualBackboneConcat(("test_resnet", "test_vit"), weights="b.pth"),
            "each": DualBackboneConcat(
                ("test_resnet", "test_vit"), weights=("a.pth", None)
            ),
        }
    )
    assert made == [
        ("test_resnet", "a.pth"),
        ("test_resnet", "b.pth"),
        ("test_vit", "b.pth"),
    ]


def test_missing_weights_are_an_error(small_net):
    with pytest.raises(WeightsError, match="no-such-file"):
        check_backbones({"net": small_net(weights="no-such-file.pth")})
