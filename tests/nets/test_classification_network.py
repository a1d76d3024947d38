import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from cxrclf.exceptions import WeightsError
from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from tolerances import assert_same_predictions


def make(name="test_resnet", *, in_channels=3, normalization="backbone", **head):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = make_backbone(name, in_channels=in_channels, image_size=64)
        head = Head(backbone.num_features, 3, **head)
    return ClassificationNetwork(backbone, head, normalization=normalization)


def batch(channels=1, size=64):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(4, channels, size, size, generator=generator)


def train(net):
    """Train with all parameters in the optimiser, not only the trainable ones."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.train()
    # Residual branches start at zero: their convolutions move in the second step.
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(batch()), torch.tensor([0, 1, 2, 0]))
        loss.backward()
        optimizer.step()


def values(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def changed(before, net):
    return {n for n, v in net.state_dict().items() if not torch.equal(v, before[n])}


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
        assert other.learnt_state().keys() == net.learnt_state().keys()
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


@pytest.mark.parametrize("trainable", ["head", 0])
def test_a_frozen_body_does_not_change(trainable):
    net = make(dropout=0.5)
    net.set_trainable(trainable)
    assert net.frozen_body
    before = values(net)
    train(net)
    assert changed(before, net) == {"head.output.weight", "head.output.bias"}
    assert net.head.training
    assert not net.features(batch()).requires_grad
    assert net(batch()).requires_grad


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
def test_everything_trains_by_default(name):
    net = make(name)
    assert net.trainable == "all"
    assert not net.frozen_body
    before = values(net)
    train(net)
    assert {n for n, _ in net.named_parameters()} <= changed(before, net)


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_vit"])
@pytest.mark.parametrize("k", [1, 3])
def test_only_the_last_stages_and_the_head_train(name, k):
    net = make(name)
    net.set_trainable(k)
    assert not net.frozen_body
    before = values(net)
    train(net)
    open_modules = {m for stage in net.backbone.stages()[-k:] for m in stage}
    open_modules |= set(net.head.modules())
    expected = {
        f"{prefix}.{name}"
        for prefix, module in net.named_modules()
        if module in open_modules
        for name, _ in [
            *module.named_parameters(recurse=False),
            *module.named_buffers(recurse=False),
        ]
    }
    assert changed(before, net) == expected & net.state_dict().keys()
    assert net.learnt_state().keys() == expected & net.state_dict().keys()


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


def test_all_stages_are_everything():
    net = make()
    every = net.learnt_state().keys()
    assert every == net.state_dict().keys()
    net.set_trainable(len(net.backbone.stages()))
    assert net.learnt_state().keys() == every


def test_training_mode_follows_what_is_trainable():
    net = make(dropout=0.5)
    net.eval()
    net.set_trainable("all")
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    net.set_trainable("head")
    assert not any(module.training for module in net.backbone.model.modules())
    assert net.head.dropout.training
    net.set_trainable(2)
    assert not net.backbone.model.layer2.training
    assert all(module.training for module in net.backbone.model.layer3.modules())


@pytest.mark.parametrize(
    ("trainable", "message"),
    [
        (6, "the backbone has 5 stages"),
        (-1, 'must be "all", "head" or a number'),
        (True, 'must be "all", "head" or a number'),
        (1.0, 'must be "all", "head" or a number'),
        ("body", 'must be "all", "head" or a number'),
    ],
)
def test_a_refused_choice_changes_nothing(trainable, message):
    net = make()
    net.set_trainable("head")
    with pytest.raises(ValueError, match=message):
        net.set_trainable(trainable)
    assert net.trainable == "head"
    assert net.frozen_body


@pytest.mark.parametrize("trainable", ["all", "head", 2])
def test_the_learnt_state_brings_training_back(trainable):
    net = make()
    net.set_trainable(trainable)
    start = copy.deepcopy(net)
    train(net)
    kept = {name: value.clone() for name, value in net.learnt_state().items()}
    start.load_learnt_state(kept)
    assert torch.equal(start.eval()(batch()), net.eval()(batch()))


def test_a_learnt_state_of_another_choice_is_refused():
    net = make()
    net.set_trainable("head")
    state = net.learnt_state()
    net.set_trainable(1)
    with pytest.raises(WeightsError, match="with trainable=1: .* missing"):
        net.load_learnt_state(state)
    more = net.learnt_state()
    net.set_trainable("head")
    with pytest.raises(WeightsError, match="unexpected"):
        net.load_learnt_state(more)


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


def test_a_frozen_body_is_not_walked_at_each_batch(monkeypatch):
    net = make()
    net.set_trainable("head")
    asked = []
    monkeypatch.setattr(net.backbone.model, "train", asked.append)
    for mode in (True, False, True):
        net.train(mode)
        assert net.training == net.head.dropout.training == mode
        assert not net.backbone.training
    assert not asked
    monkeypatch.undo()
    net.set_trainable("all")
    assert all(module.training for module in net.modules())
    net.eval()
    assert not any(module.training for module in net.modules())


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net)), nn.Module.double],
)
def test_a_copy_switches_its_own_modules(copied):
    net = make()
    net.set_trainable(1)
    other = copied(net)
    for trainable in (1, "head", 2, "all", 1):
        other.set_trainable(trainable)
        fresh = make()
        fresh.set_trainable(trainable)
        assert [m.training for m in other.modules()] == [
            m.training for m in fresh.modules()
        ]
        assert [p.requires_grad for p in other.parameters()] == [
            p.requires_grad for p in fresh.parameters()
        ]
        assert list(other.learnt_state()) == list(fresh.learnt_state())
    trained = {n for n, p in net.named_parameters() if p.requires_grad}
    assert trained <= net.learnt_state().keys()


def test_a_choice_made_already_is_not_made_again(monkeypatch):
    net = make()
    net.set_trainable(0)
    asked = []
    monkeypatch.setattr(net, "requires_grad_", asked.append)
    net.set_trainable("head")
    assert not asked
    assert net.trainable == "head"
    net.set_trainable(1)
    assert asked == [True]


@pytest.mark.parametrize("trainable", ["all", "head", 2])
def test_the_learnt_state_is_part_of_the_state(trainable):
    net = make("test_vit")
    net.set_trainable(trainable)
    state = net.state_dict()
    learnt = net.learnt_state()
    assert list(learnt) == [name for name in state if name in learnt]
    assert all(value.data_ptr() == state[k].data_ptr() for k, value in learnt.items())
    assert not any(value.requires_grad for value in learnt.values())
