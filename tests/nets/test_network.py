"""What every network has: a body that may be frozen, and a learned state."""

import copy
import math
import pickle

import pytest
import torch
from torch import nn

from cxrclf.exceptions import WeightsError
from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from cxrclf.nets._gray_conv import GrayConv2d
from networks import batch, changed, make, train, values


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
    assert net.learned_state().keys() == expected & net.state_dict().keys()


def test_all_stages_are_everything():
    net = make()
    every = net.learned_state().keys()
    assert every == net.state_dict().keys()
    net.set_trainable(len(net.backbone.stages()))
    assert net.learned_state().keys() == every


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
    kept = {name: value.clone() for name, value in net.learned_state().items()}
    start.load_learned_state(kept)
    assert torch.equal(start.eval()(batch()), net.eval()(batch()))


def test_a_learnt_state_of_another_choice_is_refused():
    net = make()
    net.set_trainable("head")
    state = net.learned_state()
    net.set_trainable(1)
    with pytest.raises(WeightsError, match="with trainable=1: .* missing"):
        net.load_learned_state(state)
    more = net.learned_state()
    net.set_trainable("head")
    with pytest.raises(WeightsError, match="unexpected"):
        net.load_learned_state(more)


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
        assert list(other.learned_state()) == list(fresh.learned_state())
    trained = {n for n, p in net.named_parameters() if p.requires_grad}
    assert trained <= net.learned_state().keys()


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
    learned = net.learned_state()
    assert list(learned) == [name for name in state if name in learned]
    assert all(value.data_ptr() == state[k].data_ptr() for k, value in learned.items())
    assert not any(value.requires_grad for value in learned.values())


def count_by_hooks(network, image):
    """Count the operations of convolutions in a forward pass."""
    total = []

    def count(conv, inputs, output):
        # The three equal channels of a gray image are convolved once.
        channels = 1 if isinstance(conv, GrayConv2d) else conv.in_channels
        per_value = channels // conv.groups * math.prod(conv.kernel_size)
        total.append(2 * output.numel() * per_value)

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network.eval()(image)
    return sum(total)


@pytest.mark.parametrize("size", [(32, 32), (64, 48)])
def test_operations(size):
    backbone = make_backbone("test_resnet", weights=None, image_size=size)
    head = Head(backbone.num_features, 3, hidden_units=50)
    network = ClassificationNetwork(backbone, head, normalization="unit")
    counted = network.count_operations(size)
    assert counted == count_by_hooks(network, torch.rand((1, 1, *size)))
