import copy
import pickle

import numpy as np
import pytest
import torch

from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from networks import batch, make, train
from tolerances import assert_same_predictions


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("normalization", ["backbone", "unit"])
def test_pixels_are_normalised_as_asked(channels, normalization):
    net = make("lcnet_050", normalization=normalization).eval()
    images = batch(channels)
    pixels = np.repeat(images.numpy(), 3 // channels, axis=1)
    if normalization == "backbone":
        mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        pixels = (pixels - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    expected = net.head(net.backbone(torch.tensor(pixels, dtype=torch.float32)))
    torch.testing.assert_close(net(images), expected, rtol=1e-4, atol=1e-5)


def test_a_network_of_one_channel():
    net = make(in_channels=1)
    assert net(batch(1)).shape == (4, 3)
    with pytest.raises(ValueError, match=r"the shape \(b, 1, H, W\), got \(4, 3, 64"):
        net(batch(3))


@pytest.mark.parametrize("pointwise_channels", [None, 5])
@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_the_forward_pass_is_the_head_on_the_features(name, pointwise_channels):
    net = make(name, pointwise_channels=pointwise_channels, hidden_units=8).eval()
    features = net.features(batch())
    n = net.backbone.num_features
    size = net.backbone.map_size(64)
    assert features.shape == ((4, n) if pointwise_channels is None else (4, n, *size))
    assert_same_predictions(net(batch()), net.head(features), "float32")


def test_double_precision_and_channels_last():
    net = make().eval()
    single = net(batch())
    last = copy.deepcopy(net).to(memory_format=torch.channels_last)
    assert_same_predictions(last(batch()), single, "float32")
    double = net.double()(batch())
    assert double.dtype == torch.float64
    assert_same_predictions(double, single, "float32")
    assert net(batch().double()).dtype == torch.float64


def test_autocast_leaves_features_and_logits_in_float32():
    net = make().eval()
    exact = net(batch())
    with torch.autocast("cpu", torch.bfloat16):
        assert net.features(batch()).dtype == torch.float32
        assert net(batch()).dtype == torch.float32
        torch.testing.assert_close(net(batch()), exact, rtol=0.1, atol=0.1)


def test_copies_and_pickles_compute_and_freeze_the_same():
    net = make()
    net.set_trainable(1)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other.eval()(batch()), net.eval()(batch()))
        assert other.learned_state().keys() == net.learned_state().keys()
        other.train()
        assert not other.backbone.model.layer3.training
        assert other.backbone.model.layer4.training
        train(other)
    assert torch.equal(other.eval()(batch()), other(batch()))


def test_the_names_in_the_state_are_those_of_the_parts():
    net = make()
    backbone = [f"backbone.model.{k}" for k in net.backbone.model.state_dict()]
    head = [f"head.{k}" for k in net.head.state_dict()]
    assert list(net.state_dict()) == backbone + head


def test_the_last_stage_of_a_resnet_is_its_fourth_layer():
    net = make()
    net.set_trainable(1)
    trained = {n for n, p in net.named_parameters() if p.requires_grad}
    assert {n.split(".")[2] for n in trained if n.startswith("backbone")} == {"layer4"}
    body = [p for p in net.body_parameters() if p.requires_grad]
    layer4 = list(net.backbone.model.layer4.parameters())
    assert {id(p) for p in body} == {id(p) for p in layer4}
    assert [id(p) for p in net.head_parameters()] == [
        id(p) for p in net.head.parameters()
    ]


def test_images_that_are_no_floats_are_refused():
    with pytest.raises(TypeError, match=r"floats in \[0, 1\], got torch\.uint8"):
        make()(torch.zeros(1, 1, 64, 64, dtype=torch.uint8))


@pytest.mark.parametrize("shape", [(64, 64), (1, 64, 64), (1, 2, 64, 64)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(b, 1, H, W\) or \(b, 3, H, W\)"):
        make()(torch.zeros(shape))


def test_parts_that_do_not_fit_are_refused():
    backbone = make_backbone("test_resnet")
    with pytest.raises(ValueError, match="takes 95 channels and the backbone gives 96"):
        ClassificationNetwork(backbone, Head(95, 3))
    with pytest.raises(ValueError, match='"backbone" or "unit", got .imagenet'):
        ClassificationNetwork(backbone, Head(96, 3), normalization="imagenet")
