import copy
import pickle
import subprocess
import sys
import textwrap

import pytest
import timm
import torch
from timm.layers import pad_same
from torch import nn
from torch.nn import functional

from cxrclf.exceptions import WeightsError
from cxrclf.nets import (
    ClassificationNetwork,
    FeatureEncoder,
    Head,
    SwitchableNorm2d,
    default_image_size,
    make_backbone,
)
from cxrclf.nets._gray_conv import GrayConv2d
from tolerances import assert_same_predictions

NAME = "residual_baseline"
CHANNELS = [19, 51, 115, 243, 499]


@pytest.fixture(autouse=True)
def own_random_numbers():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def baseline_net(in_channels=3, **head):
    backbone = make_backbone(NAME, in_channels=in_channels, image_size=64)
    return ClassificationNetwork(backbone, Head(backbone.num_features, 3, **head))


def block_by_the_paper(block, maps):
    """One block, by torch's functions in the order of the paper's sentence."""
    new = functional.conv2d(maps, block.conv1.weight, block.conv1.bias, padding=1)
    new = functional.conv2d(
        new.clamp(min=0), block.conv2.weight, block.conv2.bias, padding=1
    )
    joined = torch.cat([new.clamp(min=0), maps], 1)
    # A border that is never the maximum brings odd sizes to even ones.
    joined = pad_same(joined, (2, 2), (2, 2), value=-torch.inf)
    pooled = joined.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
    return block.norm(pooled)


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (1, 5)])
def test_a_block_is_that_of_the_paper(size):
    model = timm.create_model(NAME).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    for block, n in zip(model.blocks[:2], (3, 19), strict=True):
        maps = torch.randn(2, n, *size, dtype=torch.float64)
        torch.testing.assert_close(
            block(maps), block_by_the_paper(block, maps), rtol=1e-12, atol=1e-12
        )


def test_it_has_five_blocks_of_two_convolutions_and_switchable_normalisation():
    model = timm.create_model(NAME, num_classes=0)
    assert len(model.blocks) == 5
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 10
    assert {conv.kernel_size for conv in convolutions} == {(3, 3)}
    norms = [m for m in model.modules() if isinstance(m, SwitchableNorm2d)]
    assert [norm.num_features for norm in norms] == CHANNELS
    n = sum(p.numel() for p in model.parameters())
    expected, channels = 0, 3
    for width in (16, 32, 64, 128, 256):
        expected += 9 * (channels + width) * width + 2 * width  # kernels and biases
        channels += width
        expected += 2 * channels + 6
    assert n == expected == 1_516_172


def test_it_is_made_for_the_images_of_the_study():
    assert default_image_size(NAME) == (331, 331)
    assert default_image_size("Baseline-ResNet") == (331, 331)
    backbone = make_backbone(NAME)
    assert backbone.image_size == (331, 331)
    assert backbone.name == NAME
    assert backbone.num_features == 499
    assert backbone.dropped == ()
    assert backbone.mean == backbone.std == (0.5, 0.5, 0.5)
    assert backbone.map_size(331) == (11, 11)


@pytest.mark.parametrize("size", [(64, 64), (33, 50), (1, 1), (1, 20)])
@pytest.mark.parametrize("in_channels", [1, 3, 20])
def test_images_of_any_size_and_channels(in_channels, size):
    backbone = make_backbone(NAME, in_channels=in_channels, image_size=size)
    images = torch.rand(2, in_channels, *size)
    expected = in_channels + 496, -(-size[0] // 32), -(-size[1] // 32)
    maps = backbone(images)
    assert maps.shape[1:] == expected
    assert backbone.map_size(size) == expected[1:]
    maps.square().sum().backward()
    assert maps.isfinite().all()
    assert all(p.grad.isfinite().all() for p in backbone.parameters())


def test_a_batch_of_one_trains():
    net = baseline_net().train()
    net(torch.rand(1, 1, 64, 64)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.body_parameters() if p.ndim > 1)


def test_what_timm_asks_of_its_networks():
    model = timm.create_model(NAME, num_classes=4, in_chans=1)
    images = torch.rand(2, 1, 64, 64)
    features = model.forward_features(images)
    assert model(images).shape == (2, 4)
    assert_same_predictions(model(images), model.forward_head(features), "float32")
    assert model.get_classifier() is model.fc
    assert model.forward_head(features, pre_logits=True).shape == (2, 497)
    model.reset_classifier(0)
    assert_same_predictions(model(images), features.mean((2, 3)), "float32")
    assert model.num_classes == 0


def test_its_blocks_serve_as_an_encoder():
    model = timm.create_model(NAME, num_classes=0).eval()
    images = torch.rand(2, 3, 64, 96)
    encoder = timm.create_model(NAME, features_only=True).eval()
    encoder.load_state_dict(
        {k.replace("blocks.", "blocks_"): v for k, v in model.state_dict().items()}
    )
    assert encoder.feature_info.channels() == CHANNELS
    assert encoder.feature_info.reduction() == [2, 4, 8, 16, 32]
    maps = encoder(images)
    for i, info in enumerate(model.feature_info):
        images = model.get_submodule(info["module"])(images)
        assert_same_predictions(maps[i], images, "float32")
        assert images.shape[1] == info["num_chs"]
        assert images.shape[2:] == (64 // info["reduction"], 96 // info["reduction"])


def test_intermediates_are_what_the_blocks_give():
    model = timm.create_model(NAME, num_classes=4).eval()
    images = torch.rand(1, 3, 64, 64)
    last, maps = model.forward_intermediates(images)
    assert [m.shape[1] for m in maps] == CHANNELS
    assert torch.equal(last, maps[-1])
    assert_same_predictions(last, model.forward_features(images), "float32")
    options = {"indices": [0, 2], "stop_early": True}
    last, some = model.forward_intermediates(images, **options)
    assert_same_predictions(last, maps[2], "float32")
    assert model.prune_intermediate_layers([0, 2], prune_head=False) == [0, 2]
    assert len(model.blocks) == 3
    assert model.num_classes == 4
    pruned = model.forward_intermediates(images, **options, intermediates_only=True)
    for found in (some, pruned):
        assert len(found) == 2
        assert_same_predictions(found[0], maps[0], "float32")
        assert_same_predictions(found[1], maps[2], "float32")
    model.prune_intermediate_layers([0])
    assert model.num_classes == 0
    with pytest.raises(ValueError, match='output_fmt must be "NCHW"'):
        model.forward_intermediates(images, output_fmt="NHWC")


def test_a_decoder_can_stand_behind_it():
    encoder = FeatureEncoder(make_backbone(NAME, image_size=(50, 75)))
    assert encoder.reductions == (2, 4, 8, 16, 32)
    maps = encoder(torch.rand(2, 3, 50, 75))
    assert [m.shape[1] for m in maps] == list(encoder.channels) == CHANNELS
    assert [tuple(m.shape[2:]) for m in maps] == [
        (25, 38),
        (13, 19),
        (7, 10),
        (4, 5),
        (2, 3),
    ]


def test_stages_are_the_blocks():
    backbone = make_backbone(NAME, image_size=32)
    stages = backbone.stages()
    assert len(stages) == 5
    for block, stage in zip(backbone.model.blocks, stages, strict=True):
        assert set(block.modules()) <= set(stage)


@pytest.mark.parametrize("trainable", ["head", 1, 2, 4])
def test_the_frozen_part_is_computed_apart(trainable):
    net = baseline_net().eval()
    images = torch.rand(3, 1, 64, 64)
    net.set_trainable(trainable)
    assert net.separable
    features = net.frozen_features(images)
    assert_same_predictions(net(features=features), net(images), "float32")
    if trainable != "head":
        assert features.shape[1] == CHANNELS[4 - trainable]


def test_frozen_blocks_keep_their_running_statistics():
    net = baseline_net()
    net.set_trainable(2)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net.train()(torch.rand(2, 1, 64, 64)).square().sum().backward()
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    body = "backbone.model.blocks"
    assert changed == {
        f"{body}.{i}.norm.running_{k}" for i in (3, 4) for k in ("mean", "var")
    }
    trained = {n for n, p in net.backbone.model.named_parameters() if p.requires_grad}
    assert {name.split(".")[1] for name in trained} == {"3", "4"}
    assert changed < set(net.learned_state())


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_grey_images_get_one_convolution_and_channels_last_goes_on(precision):
    net = baseline_net().eval().to(memory_format=torch.channels_last)
    stem = net.backbone.model.blocks[0].conv1
    assert isinstance(stem, GrayConv2d)
    convolved, made = [], []
    convolve = stem._conv_forward

    def record(images, *args):
        convolved.append(images.shape[1])
        return convolve(images, *args)

    stem._conv_forward = record
    for block in net.backbone.model.blocks:
        block.register_forward_hook(lambda m, args, maps: made.append(maps))
    grey = torch.rand(2, 1, 64, 64)
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        found = net(grey)
        expected = net(grey.repeat(1, 3, 1, 1))
    assert convolved == [1, 3]
    assert {maps.dtype for maps in made} == {precision}
    for maps in made:
        assert maps.is_contiguous(memory_format=torch.channels_last)
    assert_same_predictions(found, expected, str(precision).removeprefix("torch."))


def test_bfloat16_gives_nearly_the_same():
    net = baseline_net().eval()
    images = torch.rand(4, 1, 64, 64)
    with torch.no_grad():
        expected = net.features(images)
        with torch.autocast("cpu", torch.bfloat16):
            found = net.features(images)
    assert found.dtype == torch.float32
    # Ten convolutions, each rounded to 2**-8.
    assert (found - expected).abs().mean() < 0.02 * expected.abs().mean()


def test_no_weights_are_published_and_own_ones_load(tmp_path):
    with pytest.raises(WeightsError, match=f"No ImageNet weights .* for {NAME}"):
        make_backbone(NAME, weights="imagenet")
    whole = timm.create_model(NAME, num_classes=5)
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    backbone = make_backbone(NAME, weights=tmp_path / "weights.pth").eval()
    images = torch.rand(1, 3, 64, 64)
    assert_same_predictions(
        backbone(images), whole.eval().forward_features(images), "float32"
    )
    with pytest.raises(WeightsError, match="of another shape"):
        make_backbone(NAME, in_channels=1, weights=tmp_path / "weights.pth")


def test_copies_pickles_and_state_dicts_compute_the_same():
    net = baseline_net()
    net.train()(torch.rand(4, 1, 64, 64))
    other = baseline_net()
    other.load_state_dict(net.state_dict())
    images = torch.rand(2, 1, 64, 64)
    expected = net.eval()(images)
    for same in (other, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(same.eval()(images), expected)


def test_it_joins_timms_registry_silently_and_replaces_nothing():
    code = """
        import importlib, pickle
        import timm
        before = {name: timm.model_entrypoint(name) for name in timm.list_models()}
        import cxrclf.nets
        after = {name: timm.model_entrypoint(name) for name in timm.list_models()}
        assert set(after) - set(before) == {"residual_baseline"}, set(after)
        assert all(after[name] is before[name] for name in before)
        assert "residual_baseline" not in timm.list_pretrained()

        module = importlib.import_module("cxrclf.nets._residual_baseline")
        importlib.reload(module)
        assert timm.list_models("residual_baseline") == ["residual_baseline"]
        backbone = cxrclf.nets.make_backbone("residual_baseline", image_size=32)
        assert type(backbone.model) is module.ResidualBaseline
        pickle.loads(pickle.dumps(backbone))
        """
    # torch 2.6 leaves the removal of a temporary folder to the interpreter.
    filters = ["-Werror", "-Wignore:Implicitly cleaning up:ResourceWarning"]
    result = subprocess.run(
        [sys.executable, *filters, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
