"""Backbones by name, for images of any size and number of channels."""

import pytest
import torch

from cxrclf.nets import make_backbone


@pytest.mark.parametrize("in_channels", [1, 2, 5])
def test_other_numbers_of_channels(in_channels):
    backbone = make_backbone("lcnet_050", in_channels=in_channels, image_size=64)
    assert backbone(torch.rand(2, in_channels, 64, 64)).shape == (2, 256, 2, 2)
    assert backbone.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,) * in_channels)
    assert len(backbone.std) == in_channels


def test_the_normalisation_is_that_of_the_weights():
    assert make_backbone("lcnet_050").mean == (0.485, 0.456, 0.406)
    assert make_backbone("test_vit").std == (0.5, 0.5, 0.5)


def test_too_small_images_are_refused_on_making():
    with pytest.raises(ValueError, match="too small for vgg11"):
        make_backbone("vgg11", image_size=16)


@pytest.mark.parametrize("name", ["test_vit", "swin_tiny_patch4_window7_224"])
def test_networks_of_fixed_size_are_made_for_a_size(name):
    backbone = make_backbone(name, image_size=(128, 64))
    stride = 16 if name == "test_vit" else 32
    maps = backbone(torch.rand(1, 3, 128, 64))
    assert maps.shape[2:] == (128 // stride, 64 // stride)
    with pytest.raises(ValueError, match=r"image_size=\(64, 64\)"):
        backbone(torch.rand(1, 3, 64, 64))


@pytest.mark.parametrize("name", ["pit_ti_224", "crossvit_9_240"])
def test_networks_without_a_map_are_refused(name):
    with pytest.raises(ValueError, match="no feature map"):
        make_backbone(name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels must be a positive int"),
        ({"in_channels": 1.5}, "in_channels must be a positive int"),
        ({"image_size": 0}, "image_size must be a positive int"),
        ({"image_size": (64, 64, 3)}, "image_size must be a positive int"),
        ({"weights": 5}, "weights must be None"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_backbone("test_resnet", **options)
