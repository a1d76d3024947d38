"""Names of networks: those of the papers and of Keras, and timm's own."""

import pytest
import timm

from cxrclf.nets import make_backbone
from cxrclf.nets._names import _ALIASES, resolve_name


@pytest.mark.parametrize("alias", _ALIASES)
def test_aliases_name_networks_with_published_weights(alias):
    name = resolve_name(alias)
    assert timm.is_model(name)
    published = bool(timm.get_pretrained_cfg(name).has_weights)
    assert published == (alias not in ("baselineresnet", "resnet152v2"))


def test_names_of_former_releases_of_timm_resolve():
    assert resolve_name("convnext_tiny_in22ft1k") == "convnext_tiny.fb_in22k_ft_in1k"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet5O", "'resnet50'"),
        ("Xcepton", "'xception'"),
        ("resnet50.a1_in2k", "'resnet50.a1_in1k'"),
        (50, "must be a str"),
    ],
)
def test_unknown_names_bring_similar_ones(name, hint):
    with pytest.raises(ValueError, match=hint):
        make_backbone(name)
