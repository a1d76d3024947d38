"""Small networks, images and trainings of them."""

import timm
import torch
from torch import nn

from cxrclf.nets import Backbone, ClassificationNetwork, Head, make_backbone

# One of each kind: what timm's forward_features returns, and how it groups modules.
MINIATURES = [
    "test_byobnet",
    "test_coatnet",
    "test_convnext",
    "test_efficientnet",
    "test_mambaout",  # (b, h, w, c)
    "test_nfnet",
    "test_resnet",
    "test_vit",  # tokens, one of them the class token
    "test_vit_relpos",  # tokens only
]


TIED = "coat_lite_tiny"  # the same parameters under several names


UNGROUPED = "csatv2"  # no group_matcher


def on_meta(name, **options):
    with torch.device("meta"):
        return Backbone(timm.create_model(name, num_classes=0, **options))


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


def seeded(make):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def images_of(*size, n=2, channels=1):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, channels, *size, generator=generator)
