"""Grad-CAM, Grad-CAM++ and CAM, compared with captum and with their formulas."""

from functools import partial

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

from cxrclf import CXRClassifier
from cxrclf.inspection._class_maps import (
    _grad_cam_plus_plus,
    check_class_maps,
    class_maps,
    last_maps,
)

PAPERS = {
    "legacy_xception": 160,
    "resnetv2_50": 96,
    "resnetv2_152": 96,
    "nasnetalarge": 160,
    "inception_v3": 160,
    "inception_resnet_v2": 160,
    "densenet169": 96,
    "densenet201": 96,
    "mobilenetv2_100": 96,
    "vgg16": 96,
    "vgg19": 96,
    "resnet50": 96,
    "resnet101": 96,
    "efficientnet_b0": 96,
    "residual_baseline": 96,
}
FAMILIES = {
    "tf_efficientnet_lite0": 96,
    "vit_tiny_patch16_224": 96,
    "swin_tiny_patch4_window7_224": 224,
    "convnext_atto": 96,
    "regnety_002": 96,
    "mobilenetv3_small_100": 96,
    "ghostnet_100": 96,
    "deit_tiny_patch16_224": 96,
    "maxvit_tiny_rw_224": 224,
    "edgenext_xx_small": 96,
}


def fit(backbone, size, trainable, **parameters):
    """Return a classifier that was trained for an epoch on four images of noise."""
    images = np.random.default_rng(0).integers(0, 256, (4, size, size), np.uint8)
    classifier = CXRClassifier(
        backbone,
        weights=None,
        trainable=trainable,
        max_epochs=1,
        batch_size=4,
        precision="float32",
        feature_cache=None,
        random_state=0,
        **parameters,
    )
    classifier.fit(images, ["a", "b", "c", "a"])
    return classifier, torch.from_numpy(images[:2] / np.float32(255))[:, None]


def with_captum(module, layer, images, code, relu=True):
    """Return Grad-CAM by captum, which needs gradients in the whole network."""
    state = module.trainable
    module.set_trainable("all")
    module.eval()
    found = LayerGradCam(module, layer).attribute(
        images, target=code, relu_attributions=relu
    )
    module.set_trainable(state)
    return found[:, 0].detach().numpy()


def assert_close(found, expected):
    # Relative to the largest value: two ways of computing a float32 sum.
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def check_maps(classifier, images):
    """Compare Grad-CAM with captum, and CAM with Grad-CAM."""
    module = classifier.net_.module_
    codes = np.array([1, 1])
    found = class_maps(module, images, codes, "gradcam").numpy()
    signed = with_captum(module, module.backbone, images, 1, relu=False)
    # Noise may lower the output in all cells, so that Grad-CAM is zero.
    scale = np.abs(signed).max()
    assert np.abs(found - np.maximum(signed, 0)).max() <= 1e-5 * scale
    # Averages and a linear layer: the gradient is the weight over the area.
    cam = class_maps(module, images, codes, "cam").numpy()
    assert_close(cam / cam[0].size, signed)


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "vgg11"])
def test_maps_equal_captum(backbone, trainable):
    size = 160 if backbone == "test_vit" else 64
    check_maps(*fit(backbone, size, trainable))


@pytest.mark.slow
@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize(("backbone", "size"), {**PAPERS, **FAMILIES}.items())
def test_maps_of_all_networks_equal_captum(backbone, size, trainable):
    check_maps(*fit(backbone, size, trainable))


@pytest.mark.parametrize("parameters", [{"hidden_units": 8}, {"pooling": "flatten"}])
def test_other_heads_equal_captum(parameters):
    classifier, images = fit("test_resnet", 64, "head", **parameters)
    module = classifier.net_.module_
    found = class_maps(module, images, np.array([1, 1]), "gradcam").numpy()
    assert_close(found, with_captum(module, module.backbone, images, 1))


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
def test_branches_and_the_joint_map_equal_captum(pooling):
    backbones = ["test_resnet", "test_efficientnet"]
    options = {"pointwise_channels": 8, "pooling": pooling}
    classifier, images = fit(backbones, 64, "head", **options)
    module, codes = classifier.net_.module_, np.array([1, 1])
    # With averages, the head applies the pointwise convolution after pooling.
    if pooling == "flatten":
        found = class_maps(module, images, codes, "gradcam").numpy()
        expected = with_captum(module, module.head.pointwise, images, 1)
        assert_close(found, expected)
    for branch, layer in enumerate(module.backbone.branches):
        found = class_maps(module, images, codes, "gradcam", branch).numpy()
        assert_close(found, with_captum(module, layer, images, 1))
    if pooling == "mean":
        for branch in (None, 0, 1):
            cam = class_maps(module, images, codes, "cam", branch).numpy()
            found = class_maps(module, images, codes, "gradcam", branch).numpy()
            assert_close(np.maximum(cam, 0) / cam[0].size, found)


def in_numpy(module, images, code):
    """Return CAM, Grad-CAM and Grad-CAM++ of a head with a hidden layer."""
    with torch.no_grad():
        maps = last_maps(module, images).double().numpy()
    head = {k: v.double().numpy() for k, v in module.head.state_dict().items()}
    pooled = maps.mean((2, 3))
    hidden = pooled @ head["hidden.weight"].T + head["hidden.bias"]
    slope = head["output.weight"][code] * (hidden > 0) @ head["hidden.weight"]
    gradient = slope / maps[0, 0].size  # the same in each cell
    cam = np.einsum("bk,bkhw->bhw", gradient, maps)
    total = np.maximum(maps.sum((2, 3)), 0)
    denominator = 2 * gradient**2 + total * gradient**3
    with np.errstate(invalid="ignore"):
        alpha = np.where(denominator == 0, 0, gradient**2 / denominator)
    weights = alpha * np.maximum(gradient, 0) * maps[0, 0].size
    plus = np.einsum("bk,bkhw->bhw", weights, maps)
    return np.maximum(cam, 0), np.maximum(plus, 0)


def test_maps_equal_the_formulas():
    classifier, images = fit("test_resnet", 64, "all", hidden_units=8)
    module = classifier.net_.module_
    codes = np.array([2, 2])
    grad_cam, plus = in_numpy(module, images, 2)
    assert_close(class_maps(module, images, codes, "gradcam").numpy(), grad_cam)
    assert_close(class_maps(module, images, codes, "gradcam++").numpy(), plus)


def test_negative_activations_do_not_blow_up_the_map():
    maps = torch.full((1, 1, 2, 2), -0.5)
    # 2 g² + (sum of -2) g³ is almost 0 here.
    found = _grad_cam_plus_plus(-maps, torch.full_like(maps, 1.0001))
    assert 0 < found.max() < 10
    assert _grad_cam_plus_plus(maps, torch.full_like(maps, 1.0001)).abs().max() < 10


def test_all_classes_and_the_predicted_class():
    classifier, images = fit("test_resnet", 64, "all")
    module = classifier.net_.module_
    every = class_maps(module, images, "all", "gradcam")
    for code in range(3):
        own = class_maps(module, images, np.array([code, code]), "gradcam")
        torch.testing.assert_close(every[:, code], own)
    with torch.no_grad():
        code = module(images).argmax(1)
    predicted = class_maps(module, images, None, "gradcam")
    torch.testing.assert_close(predicted, every[torch.arange(2), code])


def test_networks_without_a_map_are_refused():
    classifier, _ = fit("test_resnet", 64, "head", hidden_units=4)
    module = classifier.net_.module_
    with pytest.raises(ValueError, match=r"hidden_units.*gradcam"):
        check_class_maps(module, "cam", None)
    check_class_maps(module, "gradcam", None)
    with pytest.raises(ValueError, match=r"1 backbone. Leave branch=None"):
        check_class_maps(module, "gradcam", 0)
    small = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    for function in (partial(class_maps, codes=None, method="gradcam"), last_maps):
        with pytest.raises(ValueError, match=r"single cell .*occlusion.*lime"):
            function(module, small)
