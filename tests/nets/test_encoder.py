"""Encoders: maps of several sizes, from the paper's network or from timm."""

import pytest
import timm
import torch

from cxrclf.nets import FeatureEncoder, PlainEncoder, UNetDecoder, make_backbone
from networks import images_of, seeded

SMALL = ["test_resnet", "test_efficientnet", "test_convnext"]
LARGE = [
    "resnet18",
    "densenet121",
    "vgg11",
    "mobilenetv2_100",
    "legacy_xception",
    "convnext_atto",
    "tf_efficientnet_lite0",
]


def test_the_maps_of_the_plain_encoder():
    encoder = seeded(lambda: PlainEncoder(3, 4, image_size=(32, 48)))
    assert encoder.channels == (4, 8, 16, 32)
    assert encoder.reductions == (1, 2, 4, 8)
    shapes = [tuple(m.shape) for m in encoder(images_of(32, 48))]
    assert shapes == [(2, 4, 32, 48), (2, 8, 16, 24), (2, 16, 8, 12), (2, 32, 4, 6)]


@pytest.mark.parametrize(("size", "depth"), [((15, 64), 4), ((3, 3), 2)])
def test_images_too_small_to_halve(size, depth):
    with pytest.raises(ValueError, match=f"cannot be halved {depth} times"):
        PlainEncoder(depth, 4, image_size=size)


@pytest.mark.parametrize("name", SMALL + LARGE)
def test_maps_are_those_of_timm(name):
    backbone = seeded(lambda: make_backbone(name, weights=None, image_size=64))
    state = {k.replace(".", "_"): v for k, v in backbone.model.state_dict().items()}
    timms = seeded(lambda: timm.create_model(name, features_only=True)).eval()
    timms.load_state_dict(
        {
            key: state[key.removeprefix("body.").replace(".", "_")]
            for key in timms.state_dict()
        }
    )
    encoder = FeatureEncoder(backbone).eval()
    assert list(encoder.reductions) == timms.feature_info.reduction()
    assert list(encoder.channels) == timms.feature_info.channels()
    images = images_of(64, 64, n=1, channels=3)
    with torch.no_grad():
        maps, expected = encoder(images), timms(images)
    assert len(maps) == len(expected)
    for one, other in zip(maps, expected, strict=True):
        assert other.std() > 0
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    for upsampling in ("transposed", "bilinear"):
        decoder = UNetDecoder(
            encoder.channels, encoder.reductions, 1, width=2, upsampling=upsampling
        )
        assert decoder(maps, (64, 64)).shape == (1, 1, 64, 64)


@pytest.mark.parametrize("name", ["test_vit", "vit_tiny_patch16_224"])
def test_networks_without_maps_of_several_sizes_are_refused(name):
    with torch.device("meta"):
        backbone = make_backbone(name, weights=None, image_size=160)
    with pytest.raises(ValueError, match="has no maps of several sizes"):
        FeatureEncoder(backbone)
