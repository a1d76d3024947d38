"""Parameters and operations are counted by hand."""

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from torch import nn

from cxrclf.studies._measure_network import _count_flops, measure_network


class Small(nn.Module):
    """3 x 3 convolution to 4 channels with stride 2, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.drop(self.backbone(x).mean((2, 3))))


def test_operations_of_two_layers():
    module = Small()
    found = _count_flops(module, (8, 6))
    # Two per multiplication and addition: 4 x 3 positions, 4 filters of 3 x 3 x 3.
    assert found == 2 * (4 * 3) * 4 * 27 + 2 * 4 * 2
    assert module.training


def count_layers(module, size):
    """Return the operations of convolutions and linear layers, from their shapes."""
    counts = []

    def count(layer, inputs, output):
        weight = layer.weight
        positions = output.numel() // output.shape[1]
        counts.append(2 * positions * weight.numel())

    layers = [m for m in module.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        module.eval()(torch.zeros(1, 3, *size))
    for hook in hooks:
        hook.remove()
    return sum(counts)


@pytest.mark.parametrize("trainable", ["all", "head"])
def test_a_network_is_measured(small_net, images, tmp_path, trainable):
    net = small_net(trainable=trainable, random_state=0).fit(images.X, images.y)
    found = measure_network(net)
    module = net.net_.module_
    buffers = dict(module.named_buffers())
    learned = [
        tensor for name, tensor in module.state_dict().items() if name not in buffers
    ]
    n = sum(int(np.prod(tensor.shape)) for tensor in learned)
    assert found["parameters"] == n
    # The head has a weight per feature and class, and a bias per class.
    features = module.state_dict()["head.output.weight"].shape[1]
    in_head = 3 * features + 3
    assert found["trainable_parameters"] == (n if trainable == "all" else in_head)
    assert found["flops"] == count_layers(module, (32, 32))
    net.save(tmp_path / "model")
    size = sum(path.stat().st_size for path in (tmp_path / "model").rglob("*"))
    assert found["megabytes"] == pytest.approx(size / 1e6, rel=0.01)


def test_a_model_that_cannot_be_saved_has_no_size(small_net, images):
    net = small_net(learning_rate_schedule=lambda epoch, n_epochs: 0.5, random_state=0)
    found = measure_network(net.fit(images.X, images.y))
    assert found["megabytes"] is None
    assert found["parameters"] > 0


def test_another_classifier_has_no_network():
    assert measure_network(DummyClassifier().fit([[0], [1]], [0, 1])) == {}
