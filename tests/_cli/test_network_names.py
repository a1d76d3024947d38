import pytest

from cxrclf._cli.network_names import find_networks
from cxrclf.studies import load_study


@pytest.fixture(scope="module")
def published():
    return load_study("makris2020")


@pytest.fixture(scope="module")
def small(published):
    backbones = ["tf_efficientnet_lite0", "tf_efficientnet_lite1"]
    return published.scaled(backbones=backbones)


@pytest.mark.parametrize("name", ["VGG16", "vgg16", "efficientnet_lite0 (for VGG16)"])
def test_a_network_with_another_backbone(published, small, name):
    found = find_networks([name, "VGG19"], small, published)
    assert found == list(small.networks)


def test_a_name_in_other_letters(published):
    names = ["nasnetlarge", "Xception", "NASNetLarge"]
    assert find_networks(names, published, published) == ["NASNetLarge", "Xception"]


def test_a_network_that_has_no_new_backbone(published, small):
    message = "xception is left out: --scale and --backbone .* only: VGG16, VGG19. Name"
    with pytest.raises(ValueError, match=message):
        find_networks(["xception"], small, published)


def test_an_unknown_name(published, small):
    with pytest.raises(ValueError, match="Did you mean 'VGG16'.* are: VGG16, VGG19.$"):
        find_networks(["VGG-16"], small, published)
    with pytest.raises(ValueError, match="AlexN is not in the study. Its networks are"):
        find_networks(["AlexN"], published, published)
