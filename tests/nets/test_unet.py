"""The U-Net against the paper's numbers and timm's own feature maps."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from cxrclf.exceptions import WeightsError
from cxrclf.nets import (
    FeatureEncoder,
    PlainEncoder,
    UNet,
    UNetDecoder,
    make_backbone,
)
from networks import changed, images_of, seeded, values

SMALL = ["test_resnet", "test_efficientnet", "test_convnext"]


def plain(depth=2, width=4, n_outputs=1, size=(32, 32), in_channels=1, **settings):
    def make():
        encoder = PlainEncoder(
            depth,
            width,
            in_channels=in_channels,
            image_size=size,
            batch_norm=settings.get("batch_norm", True),
        )
        decoder = UNetDecoder(
            encoder.channels, encoder.reductions, n_outputs, width=width, **settings
        )
        return UNet(encoder, decoder, normalization="unit")

    return seeded(make)


def with_encoder(name="test_resnet", size=64, width=4, in_channels=3, **settings):
    def make():
        backbone = make_backbone(
            name, weights=None, image_size=size, in_channels=in_channels
        )
        encoder = FeatureEncoder(backbone)
        decoder = UNetDecoder(
            encoder.channels, encoder.reductions, 1, width=width, **settings
        )
        return UNet(encoder, decoder)

    return seeded(make)


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def unet_parameters(in_channels, n_outputs, *, width, depth, batch_norm):
    """Count as in figure 1 of the paper: 3×3 convolutions twice, 2×2 upwards."""

    def convolution(c_in, c_out):
        # Batch normalisation has a factor and a bias, in place of the bias alone.
        return 9 * c_in * c_out + (2 if batch_norm else 1) * c_out

    total, c_in = 0, in_channels
    for level in range(depth + 1):
        c = width * 2**level
        total += convolution(c_in, c) + convolution(c, c)
        c_in = c
    for level in reversed(range(depth)):
        c = width * 2**level
        total += 4 * (2 * c) * c + c
        total += convolution(2 * c, c) + convolution(c, c)
    return total + width * n_outputs + n_outputs


# The classic network


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize(
    ("width", "depth", "in_channels", "n_outputs"),
    [(64, 4, 1, 1), (64, 4, 3, 2), (8, 3, 1, 4), (5, 1, 2, 1), (4, 7, 1, 1)],
)
def test_number_of_parameters(width, depth, in_channels, n_outputs, batch_norm):
    with torch.device("meta"):
        net = plain(
            depth, width, n_outputs, (128, 128), in_channels, batch_norm=batch_norm
        )
    expected = unet_parameters(
        in_channels, n_outputs, width=width, depth=depth, batch_norm=batch_norm
    )
    assert n_parameters(net) == expected


def test_numbers_of_parameters_that_are_known():
    # The U-Nets of milesial/Pytorch-UNet, 3 channels and 2 classes, with batch
    # normalisation; and of the paper, 1 channel and 2 classes.
    count = {"width": 64, "depth": 4}
    assert unet_parameters(3, 2, batch_norm=True, **count) == 31_037_698
    assert unet_parameters(1, 2, batch_norm=False, **count) == 31_030_658


def classic(net, images):
    """Compute a plain U-Net of depth 2 and transposed convolutions by its weights."""

    def twice(x, step):
        for convolution in step:
            if isinstance(convolution, nn.Conv2d):
                x = functional.conv2d(
                    x, convolution.weight, convolution.bias, padding=1
                ).relu()
        return x

    levels, head = net.backbone.levels, net.head
    fine = twice(images, levels[0])
    middle = twice(functional.max_pool2d(fine, 2), levels[1])
    x = twice(functional.max_pool2d(middle, 2), levels[2])
    for up, step, skip in zip(head.ups, head.steps, (middle, fine), strict=True):
        x = functional.conv_transpose2d(x, up.weight, up.bias, stride=2)
        x = twice(torch.cat([x, skip], dim=1), step)
    return functional.conv2d(x, head.output.weight, head.output.bias)


def test_the_classic_network_step_by_step():
    net = plain(batch_norm=False).double()
    images = images_of(32, 32).double()
    torch.testing.assert_close(net(images), classic(net, images), rtol=0, atol=1e-12)


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (4, 5), (31, 64)])
def test_masks_have_the_size_of_images(size, upsampling):
    net = plain(size=size, n_outputs=3, upsampling=upsampling).eval()
    images = images_of(*size)
    outputs = net(images)
    assert outputs.shape == (2, 3, *size)
    # Each image by itself, and no matter what lies beside it.
    torch.testing.assert_close(net(images[1:]), outputs[1:], rtol=0, atol=1e-5)


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_every_parameter_takes_part(upsampling):
    for net in (
        plain(size=(33, 47), upsampling=upsampling),
        with_encoder(upsampling=upsampling),
        with_encoder("test_convnext", upsampling=upsampling),
    ):
        size = (33, 47) if net.backbone.name == "plain" else (64, 64)
        net(images_of(*size)).square().sum().backward()
        without = [n for n, p in net.named_parameters() if p.grad is None]
        assert not without


def test_shifts_of_the_image_shift_the_mask():
    net = plain(size=(64, 64)).eval()
    images = images_of(64, 64)
    moved = net(images.roll((4, 8), (2, 3)))  # multiples of 2**depth
    expected = net(images).roll((4, 8), (2, 3))
    # Away from the rim, which the padding reaches: 22 pixels at depth 2.
    inside = np.s_[:, :, 28:36, 32:36]
    torch.testing.assert_close(moved[inside], expected[inside], rtol=0, atol=1e-5)


def test_bad_decoders():
    with pytest.raises(ValueError, match="upsampling must be"):
        UNetDecoder((4, 8), (1, 2), 1, upsampling="nearest")
    with pytest.raises(ValueError, match=r"smaller by \[3\]"):
        UNetDecoder((4, 8), (1, 3), 1)


def test_wrong_images_are_named():
    net = plain()
    with pytest.raises(TypeError, match="Images must be floats"):
        net(torch.zeros(1, 1, 32, 32, dtype=torch.uint8))
    with pytest.raises(ValueError, match="must have the shape"):
        net(images_of(32, 32, channels=2))


# Encoders of timm


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(64, 64), (65, 71), (48, 96)])
def test_odd_sizes(name, size):
    net = with_encoder(name, size=size).eval()
    assert net(images_of(*size)).shape == (2, 1, *size)


@pytest.mark.parametrize("in_channels", [1, 3, 5])
def test_channels_of_an_encoder(in_channels):
    net = with_encoder(in_channels=in_channels).eval()
    grey = images_of(64, 64)
    same = net(grey.repeat(1, in_channels, 1, 1))
    torch.testing.assert_close(net(grey), same, rtol=1e-4, atol=1e-5)
    colours = images_of(64, 64, channels=in_channels)
    assert net(colours).shape == (2, 1, 64, 64)


def test_pixels_are_normalised_for_the_encoder():
    net = with_encoder("test_efficientnet").eval()
    images = images_of(64, 64, channels=3)
    mean, std = (
        torch.tensor(v)[:, None, None] for v in (net.backbone.mean, net.backbone.std)
    )
    maps = net.backbone((images - mean) / std)
    expected = net.head(maps, (64, 64))
    torch.testing.assert_close(net(images), expected, rtol=1e-5, atol=1e-5)


# Frozen parts, states and memory formats


def stepped(net, images):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.train()
    for _ in range(2):
        optimizer.zero_grad()
        net(images).square().mean().backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_a_frozen_encoder_keeps_its_weights_and_statistics(make):
    net = make()
    size = net.backbone.image_size
    net.set_trainable("head")
    before = values(net)
    stepped(net, images_of(*size))
    moved = changed(before, net)
    assert moved
    assert all(name.startswith("head.") for name in moved)
    assert any("running_mean" in name for name in moved)
    assert not any(p.requires_grad for p in net.body_parameters())
    assert set(net.learned_state()) == {n for n in before if n.startswith("head.")}


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_the_last_stages_alone(make):
    net = make()
    n_stages = len(net.backbone.stages())
    net.set_trainable(1)
    before = values(net)
    stepped(net, images_of(*net.backbone.image_size))
    last = {id(p) for m in net.backbone.stages()[-1] for p in m.parameters(False)}
    for name, parameter in net.named_parameters():
        if name.startswith("backbone."):
            assert parameter.requires_grad == (id(parameter) in last), name
    kept = values(net).keys() - changed(before, net)
    assert any(name.startswith("backbone.") for name in changed(before, net))
    assert any("running_var" in name for name in kept)
    with pytest.raises(ValueError, match=f"the backbone has {n_stages} stages"):
        net.set_trainable(n_stages + 1)


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_every_module_is_in_one_stage(make):
    encoder = make().backbone
    grouped = [m for stage in encoder.stages() for m in stage]
    with_values = [
        m
        for m in encoder.modules()
        if list(m.parameters(False)) or list(m.buffers(False))
    ]
    assert len(grouped) == len({id(m) for m in grouped})
    assert {id(m) for m in with_values} <= {id(m) for m in grouped}


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_states_go_round(make):
    net = make()
    size = net.backbone.image_size
    trained = stepped(copy.deepcopy(net), images_of(*size)).eval()
    assert changed(values(net), trained)
    net.load_state_dict(trained.state_dict())
    images = images_of(*size, n=3)
    assert torch.equal(net.eval()(images), trained(images))
    state = {k: v.clone() for k, v in trained.learned_state().items()}
    other = make()
    other.load_learned_state(state)
    assert torch.equal(other.eval()(images), trained(images))
    state.popitem()
    with pytest.raises(WeightsError, match="does not fit"):
        other.load_learned_state(state)


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_channels_last_changes_nothing_but_rounding(make):
    net = make().eval().double()
    images = images_of(*net.backbone.image_size).double()
    expected = net(images)
    net.to(memory_format=torch.channels_last)
    outputs = net(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("make", [plain, with_encoder])
def test_autocast_leaves_the_outputs_in_float32(make):
    net = make().eval()
    images = images_of(*net.backbone.image_size)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = net(images)
    assert outputs.dtype == torch.float32
    full = net(images)
    # bfloat16 keeps eight bits, and errors add up over the layers.
    assert (outputs - full).abs().mean() < 0.05 * full.std() + 0.01
    assert not torch.equal(outputs, full)
