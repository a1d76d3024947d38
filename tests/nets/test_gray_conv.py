import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from cxrclf.nets._gray_conv import GrayConv2d
from tolerances import assert_same_predictions

GRAY = [
    ("mobilenetv2_050", "unit"),  # padded with zeros; its mean differs by channel
    ("tf_efficientnet_lite0", "backbone"),  # padding "same"
    ("test_vit", "backbone"),  # patches
]


def gray_images(size=33, **options):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 1, size, size, generator=generator, **options)


def gray_net(name, normalization="unit"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = make_backbone(name)
        head = Head(backbone.num_features, 3)
    return ClassificationNetwork(backbone, head, normalization=normalization)


def stem(net):
    convs = [m for m in net.modules() if isinstance(m, GrayConv2d)]
    assert len(convs) == 1
    return convs[0]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.Conv2d(3, 8, 3, padding="same", padding_mode="reflect", bias=False),
        Conv2dSame(3, 8, 3, stride=2, dilation=2),
    ],
)
def test_one_channel_is_convolved_as_three_equal_ones(conv, layout):
    conv = copy.deepcopy(conv).double().to(memory_format=layout)
    gray = GrayConv2d(conv)
    one = gray_images(dtype=torch.float64)
    expected = conv(one.repeat(1, 3, 1, 1))
    found = gray(one.expand(-1, 3, -1, -1))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert found.is_contiguous(memory_format=layout)
    weights = torch.autograd.grad(expected.square().sum(), list(conv.parameters()))
    same = torch.autograd.grad(found.square().sum(), list(gray.parameters()))
    for gradient, other in zip(weights, same, strict=True):
        torch.testing.assert_close(other, gradient, rtol=1e-10, atol=1e-10)


def test_other_images_are_convolved_as_ever():
    conv = nn.Conv2d(3, 8, 3)
    images = torch.rand(2, 3, 16, 16)
    for given in (images, images[:, :, ::2]):
        assert_same_predictions(GrayConv2d(conv)(given), conv(given), "float32")


def test_images_laid_out_otherwise():
    conv = nn.Conv2d(3, 8, 3).double().to(memory_format=torch.channels_last)
    one = gray_images(dtype=torch.float64).transpose(2, 3)[:, :, ::2]
    torch.testing.assert_close(
        GrayConv2d(conv)(one.expand(-1, 3, -1, -1)), conv(one.repeat(1, 3, 1, 1))
    )


@pytest.mark.parametrize(("name", "normalization"), GRAY)
def test_gray_images_get_one_convolution(name, normalization, monkeypatch):
    net = gray_net(name, normalization).double().eval()
    images = gray_images(160, dtype=torch.float64)
    expected = net(images.repeat(1, 3, 1, 1))
    convolved = []
    convolve = stem(net)._conv_forward

    def record(images, *args):
        convolved.append(images.shape[1])
        return convolve(images, *args)

    monkeypatch.setattr(stem(net), "_conv_forward", record)
    torch.testing.assert_close(net(images), expected, rtol=1e-9, atol=1e-10)
    assert convolved == [1]


def test_channels_normalized_differently_stay_three():
    net = gray_net("lcnet_050", "backbone").double().eval()
    images = gray_images(dtype=torch.float64)
    assert net._normalize_images(images).stride(1) > 0
    assert_same_predictions(net(images), net(images.repeat(1, 3, 1, 1)), "float64")


def test_channels_last_goes_on_from_the_first_convolution():
    net = gray_net("mobilenetv2_050").to(memory_format=torch.channels_last)
    layouts = []
    stem(net).register_forward_hook(lambda m, args, out: layouts.append(out))
    with torch.autocast("cpu", torch.bfloat16):
        net(gray_images())
    assert layouts[0].dtype == torch.bfloat16
    assert layouts[0].is_contiguous(memory_format=torch.channels_last)


def test_the_parameters_keep_their_names_and_values():
    net = gray_net("test_efficientnet")
    plain = nn.Conv2d(3, 24, 3, bias=False)
    assert "backbone.model.conv_stem.weight" in net.state_dict()
    assert stem(net).weight.shape == plain.weight.shape
    other = gray_net("test_efficientnet")
    nn.init.zeros_(stem(other).weight)
    other.load_state_dict(net.state_dict())
    assert torch.equal(stem(other).weight, stem(net).weight)


def test_the_first_convolution_trains_and_freezes():
    net = gray_net("mobilenetv2_050")
    net(gray_images()).sum().backward()
    gradient = stem(net).weight.grad
    assert gradient.abs().sum() > 0
    # Exact: the gradient of a sum of channels is copied to each of them.
    assert torch.equal(gradient[:, :1].expand(-1, 3, -1, -1), gradient)
    assert stem(net) in net.backbone.stages()[0]
    net.set_trainable(1)
    assert not stem(net).weight.requires_grad


def test_copies_and_threads_convolve_the_same():
    net = gray_net("mobilenetv2_050").eval().requires_grad_(False)
    images = gray_images()
    expected = net(images)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other(images), expected)
    three = net(images.repeat(1, 3, 1, 1))
    with ThreadPoolExecutor(4) as pool:
        batches = [images, images.repeat(1, 3, 1, 1)] * 4
        for found, wanted in zip(
            pool.map(net, batches), [expected, three] * 4, strict=True
        ):
            assert_same_predictions(found, wanted, "float32")


def test_networks_of_one_channel_have_nothing_to_sum():
    backbone = make_backbone("test_resnet", in_channels=1, image_size=64)
    assert not any(isinstance(m, GrayConv2d) for m in backbone.modules())
