import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from cxrclf.nets._network_cut import find_cut
from tolerances import assert_same_predictions

SMALL = ["test_resnet", "test_efficientnet", "test_convnext", "test_nfnet"]
LARGE = ["densenet121", "legacy_xception", "inception_v3"]


def split_net(name, trainable, size=64, **head):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = make_backbone(name, image_size=size)
        head = Head(backbone.num_features, 3, **head)
        net = ClassificationNetwork(backbone, head)
        for parameter in net.parameters():  # branches that start at zero hide errors
            if parameter.ndim < 2:
                nn.init.uniform_(parameter, 0.1, 1.0)
    net.set_trainable(trainable)
    return net


def some_images(n=4, size=64):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, 1, size, size, generator=generator)


def stepped(net, autocast, **inputs):
    """Return loss, gradients and buffers after a step of training."""
    net.train()
    torch.manual_seed(0)  # of dropout
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = net(**inputs)
    loss = nn.functional.cross_entropy(logits, torch.arange(4) % 3)
    loss.backward()
    gradients = {n: p.grad for n, p in net.named_parameters() if p.grad is not None}
    return {"loss": loss, **gradients, **dict(net.named_buffers())}


@pytest.mark.parametrize(
    ("name", "trainable"),
    [(name, k) for name in SMALL for k in (1, 2, 4)]
    + [(name, 2) for name in LARGE]
    + [("vgg11", 3), ("mobilenetv2_050", 1), ("resnetv2_50", 3)],
)
def test_the_two_parts_are_the_whole(name, trainable):
    size = 96 if name in LARGE else 64
    net = split_net(name, trainable, size).eval()
    assert net.separable
    images = some_images(size=size)
    features = net.frozen_features(images)
    assert features.ndim == 4
    assert not features.requires_grad
    with torch.no_grad():
        assert_same_predictions(net(features=features), net(images), "float32")


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "densenet121"])
def test_training_on_features_is_training_on_images(name, autocast):
    whole = split_net(name, 2, dropout=0.5).to(memory_format=torch.channels_last)
    images, precision = some_images(), "bfloat16"
    if not autocast:
        whole, images, precision = whole.double(), images.double(), "float64"
    parts = copy.deepcopy(whole)
    expected = stepped(whole, autocast, images=images)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        features = parts.frozen_features(images)
    found = stepped(parts, autocast, features=features)
    assert found.keys() == expected.keys()
    assert any("running_mean" in name for name in found)
    gradients = {name for name, _ in parts.named_parameters()} & found.keys()
    assert gradients
    # Some gradients are nothing but rounding: all are compared with the largest.
    for names in (["loss"], gradients, found.keys() - {"loss"} - gradients):
        values, wanted = (
            torch.cat([results[name].double().flatten() for name in sorted(names)])
            for results in (found, expected)
        )
        assert_same_predictions(values, wanted, precision)


def test_each_part_computes_its_own_stages_only():
    net = split_net("test_resnet", 2)
    assert net.separable
    called = []
    for name in ("layer2", "layer3"):
        layer = net.backbone.model.get_submodule(name)
        layer.register_forward_hook(lambda *args, name=name: called.append(name))
    features = net.frozen_features(some_images())
    assert called == ["layer2"]
    net(features=features)
    assert called == ["layer2", "layer3"]


def test_a_head_that_needs_the_map_gets_it():
    net = split_net("test_resnet", 1, pointwise_channels=5).eval()
    images = some_images()
    assert_same_predictions(
        net(features=net.frozen_features(images)), net(images), "float32"
    )


@pytest.mark.parametrize("trainable", ["head", 0])
@pytest.mark.parametrize("pointwise_channels", [None, 5])
def test_the_features_of_a_frozen_body_are_what_the_head_takes(
    trainable, pointwise_channels
):
    head = {"pointwise_channels": pointwise_channels}
    net = split_net("test_vit", trainable, 160, **head).eval()
    assert net.separable
    images = some_images(size=160)
    features = net.frozen_features(images)
    assert_same_predictions(features, net.features(images), "float32")
    assert_same_predictions(net(features=features), net(images), "float32")


@pytest.mark.parametrize(
    ("name", "trainable"),
    [("test_resnet", "all"), ("test_resnet", 5), ("test_vit", 2)],
)
def test_what_cannot_be_computed_apart_is_refused(name, trainable):
    net = split_net(name, trainable, 160)
    assert not net.separable
    with pytest.raises(ValueError, match=f"With trainable={trainable!r}, no frozen"):
        net.frozen_features(some_images(size=160))
    with pytest.raises(ValueError, match="Give images to forward"):
        net(features=torch.zeros(4, net.backbone.num_features))


def test_another_choice_is_cut_elsewhere():
    net = split_net("test_resnet", 1).eval()
    images = some_images()
    taken = {}
    for k in (1, 3):
        layer = net.backbone.model.get_submodule(f"layer{5 - k}")
        layer.register_forward_pre_hook(
            lambda module, args, k=k: taken.setdefault(k, args[0])
        )
    taken["head"] = net.features(images)
    for trainable in (1, 3, "head", 1):
        net.set_trainable(trainable)
        features = net.frozen_features(images)
        assert_same_predictions(features, taken[trainable], "float32")
        assert_same_predictions(net(features=features), net(images), "float32")


def test_images_of_another_size_than_the_network_was_made_for():
    net = split_net("test_efficientnet", 2).eval()
    images = some_images(size=90)[:, :, :70]
    assert_same_predictions(
        net(features=net.frozen_features(images)), net(images), "float32"
    )


def test_finding_out_leaves_the_network_and_the_generator_as_they_are():
    net = split_net("test_resnet", 2, dropout=0.5).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    rng = torch.get_rng_state()
    assert net.separable
    assert torch.equal(rng, torch.get_rng_state())
    assert [module.training for module in net.modules()] == modes
    assert net.state_dict().keys() == before.keys()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not any(
        hooks for m in net.modules() for hooks in (m._forward_hooks, m._backward_hooks)
    )


def test_copies_are_cut_in_their_own_modules():
    net = split_net("test_resnet", 2).eval()
    images = some_images()
    expected = net(features=net.frozen_features(images))
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        nn.init.ones_(net.head.output.bias)
        nn.init.ones_(net.backbone.model.layer4[0].conv1.weight)
        assert_same_predictions(
            other(features=other.frozen_features(images)), expected, "float32"
        )
        other.double()
        features = other.frozen_features(images)
        assert features.dtype == torch.float64
        assert_same_predictions(other(features=features), other(images), "float64")


def test_weights_loaded_later_are_seen():
    net = split_net("test_resnet", 2).eval()
    images = some_images()
    net(features=net.frozen_features(images))
    state = {name: value * 1.5 for name, value in net.state_dict().items()}
    net.load_state_dict(state)
    assert_same_predictions(
        net(features=net.frozen_features(images)), net(images), "float32"
    )


def test_several_threads_compute_at_once():
    net = split_net("test_resnet", 2).eval()
    batches = [some_images() * share for share in (0.2, 0.4, 0.6, 0.8)] * 4
    with torch.no_grad():
        expected = [net(images) for images in batches]

    def compute(images):
        with torch.no_grad():
            return net(images), net(features=net.frozen_features(images))

    with ThreadPoolExecutor(4) as pool:
        for logits, pair in zip(expected, pool.map(compute, batches), strict=True):
            for found in pair:
                assert_same_predictions(found, logits, "float32")


class Chain(nn.Module):
    """Three convolutions, the last of them trained; how they meet is for subclasses."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 3, padding=1)
        self.noise = nn.Dropout(0.5)
        self.third = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.third(self.second(self.first(x)))


class Skipping(Chain):
    def forward(self, x):
        early = self.first(x)
        return self.third(self.second(early)) + early


class Scaling(Chain):
    def forward(self, x):
        return self.third(2 * self.second(self.first(x)))


class Repeating(Chain):
    def forward(self, x):
        return self.first(self.third(self.second(self.first(x))))


class Tuples(Chain):
    def forward(self, x):
        x, y = self.both(x)
        return self.third(x + y)

    def both(self, x):
        return self.first(x), self.second(x)


class Borrowing(Chain):
    def forward(self, x):
        return self.third(self.second(self.first(x)) * self.third.weight.mean())


class Overwriting(Chain):
    def __init__(self):
        super().__init__()
        self.third = nn.Sequential(nn.ReLU(inplace=True), self.third)


class Noisy(Chain):
    def forward(self, x):
        return self.third(self.noise(self.second(self.first(x))))


class Hidden(Skipping):
    """What cannot be had apart has, for the time being, a factor of zero."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        early = self.first(x)
        return self.third(self.second(early)) + self.factor * early


@pytest.mark.parametrize(
    ("kind", "splits"),
    [
        (Chain, True),
        (Skipping, False),
        (Scaling, False),
        (Repeating, False),
        (Tuples, False),
        (Borrowing, False),
        (Overwriting, False),
        (Noisy, False),
        (Hidden, False),
    ],
)
def test_only_a_chain_can_be_cut(kind, splits):
    network = kind()
    frozen = [network.first, network.second]
    for module in frozen:
        module.requires_grad_(False)
    split = find_cut(network, frozen, torch.rand(2, 3, 8, 8))
    assert (split is not None) == splits
