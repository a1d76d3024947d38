"""The U-Net of a segmenter: the classic one, or one with an encoder of timm."""

import pytest
import torch

from cxrclf.segmentation._network import make_unet


def unet_of(encoder, **changes):
    settings = {
        "weights": None,
        "depth": 2,
        "width": None,
        "batch_norm": True,
        "upsampling": "transposed",
        "in_channels": 1 if encoder is None else 3,
        "n_classes": 2,
        "image_size": (32, 48),
    }
    return make_unet(encoder, **settings | changes).eval()


@pytest.mark.parametrize(("n_classes", "n_outputs"), [(2, 1), (3, 3)])
@pytest.mark.parametrize("encoder", [None, "test_resnet"])
def test_two_classes_have_a_single_output(encoder, n_classes, n_outputs):
    network = unet_of(encoder, n_classes=n_classes)
    with torch.no_grad():
        outputs = network(torch.rand(2, 1, 32, 48))
    assert outputs.shape == (2, n_outputs, 32, 48)


@pytest.mark.parametrize(("encoder", "width"), [(None, 32), ("test_resnet", 16)])
def test_the_usual_width_depends_on_the_encoder(encoder, width):
    usual, named = (unet_of(encoder, width=w).state_dict() for w in (None, width))
    assert {k: v.shape for k, v in usual.items()} == {
        k: v.shape for k, v in named.items()
    }
