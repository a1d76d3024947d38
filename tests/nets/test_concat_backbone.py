"""Backbones side by side."""

import pytest
import torch
from torch.nn.functional import interpolate
from torch.utils.flop_counter import FlopCounterMode

from cxrclf.nets import ClassificationNetwork, ConcatBackbone, Head, make_backbone
from tolerances import assert_same_predictions

# Other means and standard deviations, channels and sizes of the map.
NAMES = "lcnet_050", "test_vit"


def branches(names=NAMES, size=160, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [make_backbone(name, image_size=size, **options) for name in names]


def test_each_branch_gets_pixels_as_it_expects_them():
    backbone = ConcatBackbone(branches()).eval()
    images = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        maps = []
        for branch in backbone.branches:
            mean, std = (
                torch.tensor(values)[:, None, None]
                for values in (branch.mean, branch.std)
            )
            maps.append(branch((images - mean) / std))
        assert {tuple(m.shape[2:]) for m in maps} == {(5, 5), (10, 10)}
        fine = interpolate(maps[0], (10, 10), mode="bilinear")
        expected = torch.cat([fine, maps[1]], 1)
        assert_same_predictions(backbone(images), expected, "float32")
    assert backbone.map_size(160) == (10, 10)
    assert backbone.num_features == sum(m.shape[1] for m in maps)


def test_unit_pixels_reach_all_branches_as_they_are():
    backbone = ConcatBackbone(branches(), normalization="unit").eval()
    images = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        coarse, fine = (branch(images) for branch in backbone.branches)
        coarse = interpolate(coarse, (10, 10), mode="bilinear")
        expected = torch.cat([coarse, fine], 1)
        assert_same_predictions(backbone(images), expected, "float32")


def test_a_grey_image_stands_for_all_channels():
    backbone = ConcatBackbone(branches()).eval()
    grey = torch.rand(2, 1, 160, 160)
    with torch.no_grad():
        expected = backbone(grey.repeat(1, 3, 1, 1))
        for given in (grey, grey.expand(-1, 3, -1, -1)):
            assert_same_predictions(backbone(given), expected, "float32")


@pytest.mark.parametrize("pointwise_channels", [None, 16])
def test_averages_before_or_after_a_convolution_without_activation(pointwise_channels):
    torch.manual_seed(0)
    head = Head(8, 3, pointwise_channels=pointwise_channels, pointwise_relu=False)
    assert not head.needs_map
    maps = torch.rand(4, 8, 5, 5)
    expected = maps
    if pointwise_channels:
        expected = head.pointwise(expected)
    expected = head.output(expected.mean((2, 3)))
    assert_same_predictions(head(maps), expected, "float32")
    assert_same_predictions(head(head.pool(maps)), expected, "float32")


def test_a_flattened_map_as_published():
    torch.manual_seed(0)
    head = Head(8, 3, pointwise_channels=4, pointwise_relu=False, flatten_size=(5, 6))
    assert head.needs_map
    assert head.output.in_features == 4 * 5 * 6
    maps = torch.rand(2, 8, 5, 6)
    weight = head.pointwise.weight[:, :, 0, 0]
    mixed = torch.einsum("oc,bchw->bohw", weight, maps)
    mixed = mixed + head.pointwise.bias[:, None, None]
    assert_same_predictions(head(maps), head.output(mixed.reshape(2, -1)), "float32")
    with pytest.raises(ValueError, match=r"shape \(b, 8, 5, 6\), got \(2, 8, 5, 5\)"):
        head(maps[..., :5])
    with pytest.raises(ValueError, match="flatten_size"):
        Head(8, 3, flatten_size=0)


def test_the_last_stages_of_all_branches_are_trained():
    backbone = ConcatBackbone(branches(("test_resnet", "lcnet_050"), 64))
    net = ClassificationNetwork(backbone, Head(backbone.num_features, 2))
    sizes = [len(branch.stages()) for branch in backbone.branches]
    assert len(backbone.stages()) == max(sizes)
    assert {m for stage in backbone.stages() for m in stage} == {
        m for branch in backbone.branches for m in branch.model.modules()
    }
    net.set_trainable(1)
    for branch in backbone.branches:
        last = {id(p) for m in branch.stages()[-1] for p in m.parameters(False)}
        for parameter in branch.parameters():
            assert parameter.requires_grad == (id(parameter) in last)
    with pytest.raises(ValueError, match=f"the backbone has {max(sizes)} stages"):
        net.set_trainable(max(sizes) + 1)


@pytest.mark.parametrize("normalization", ["backbone", "unit"])
@pytest.mark.parametrize("trainable", [1, 2, 3])
def test_branches_are_cut_where_each_is_trained(trainable, normalization):
    names = "test_resnet", "test_efficientnet", "resnet10t"
    backbone = ConcatBackbone(branches(names, 64), normalization=normalization)
    net = ClassificationNetwork(
        backbone, Head(backbone.num_features, 2), normalization="unit"
    )
    net.set_trainable(trainable)
    net.train()
    assert net.separable
    images = torch.rand(3, 1, 64, 64)
    features = net.frozen_features(images)
    assert features.ndim == 2
    assert_same_predictions(net(features=features), net(images), "float32")
    net.zero_grad()
    net(images).square().sum().backward()
    expected = {n: p.grad.clone() for n, p in net.named_parameters() if p.requires_grad}
    net.zero_grad()
    net(features=features).square().sum().backward()
    found = {n: p.grad for n, p in net.named_parameters() if p.requires_grad}
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_branch_that_is_trained_whole_is_not_cut():
    backbone = ConcatBackbone(branches(("test_resnet", "lcnet_050"), 64))
    net = ClassificationNetwork(
        backbone, Head(backbone.num_features, 2), normalization="unit"
    )
    few, many = sorted(len(branch.stages()) for branch in backbone.branches)
    assert few < many
    net.set_trainable(few)
    assert not net.separable


def test_the_work_is_that_of_the_branches():
    """A forward pass takes as many operations as the branches and the head do."""
    backbone = ConcatBackbone(branches()).eval()
    head = Head(backbone.num_features, 3, pointwise_channels=64, pointwise_relu=False)
    net = ClassificationNetwork(backbone, head, normalization="unit").eval()
    images = torch.rand(1, 3, 160, 160)

    def operations(module):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(images)
        return counter.get_total_flops()

    alone = sum(operations(branch) for branch in backbone.branches)
    assert alone < operations(net) < 1.05 * alone


def test_what_does_not_fit_is_refused():
    one, two = branches(("test_resnet", "lcnet_050"), 64)
    with pytest.raises(ValueError, match="needs two backbones or more, got 1"):
        ConcatBackbone([one])
    with pytest.raises(ValueError, match="same channels and size"):
        ConcatBackbone([one, *branches(("lcnet_050",), 96)])
    with pytest.raises(ValueError, match="same channels and size"):
        ConcatBackbone([one, *branches(("lcnet_050",), 64, in_channels=1)])
    with pytest.raises(ValueError, match='must be "backbone" or "unit"'):
        ConcatBackbone([one, two], normalization="imagenet")
