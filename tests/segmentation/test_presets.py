"""Parameters with which studies describe their segmenter."""

import pytest

from cxrclf import UNetSegmenter
from cxrclf.segmentation._presets import preset_parameters


def test_the_preset_is_the_studys():
    unet = UNetSegmenter.preset("vgg19_unet", max_epochs=3)
    expected = {
        "encoder": None, "image_size": 512, "depth": 4, "width": 64,
        "batch_norm": False, "upsampling": "transposed", "loss": "cross_entropy",
        "optimizer": "adam", "learning_rate": 1e-3, "max_epochs": 3, "batch_size": 16,
        "augmentation__zoom": 0.05, "augmentation__shift": 0.05,
        "augmentation__horizontal_flip": True, "augmentation__rotation": 0.0,
    }  # fmt: skip
    found = unet.get_params()
    assert {name: found[name] for name in expected} == expected
    unet.set_params(augmentation__rotation=9)
    assert UNetSegmenter.preset("vgg19_unet").augmentation.rotation == 0
    assert UNetSegmenter.preset("vgg19_unet", augmentation=None).augmentation is None
    with pytest.raises(ValueError, match=r"preset must be one of \['vgg19_unet'\]"):
        UNetSegmenter.preset("unet")


def test_a_changed_preset_changes_no_other():
    first = preset_parameters("vgg19_unet")
    first["augmentation"].set_params(zoom=0.5)
    first["width"] = 3
    second = preset_parameters("vgg19_unet")
    assert second["width"] == 64
    assert second["augmentation"].zoom == 0.05
