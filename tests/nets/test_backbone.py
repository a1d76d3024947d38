import copy
import pickle

import pytest
import timm
import torch
from torch import nn

from cxrclf.nets import Backbone, default_image_size, make_backbone
from cxrclf.nets._names import _ALIASES, resolve_name
from tolerances import assert_same_predictions

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
# Their intermediates cannot be normalised; they have no normalisation at the end.
UNNORMALISED = ["test_byobnet", "test_convnext", "test_mambaout", "test_resnet"]
DISTILLED = "deit_tiny_distilled_patch16_224"  # two tokens that are not of the grid
TIED = "coat_lite_tiny"  # the same parameters under several names
UNGROUPED = "csatv2"  # no group_matcher


def on_meta(name, **options):
    with torch.device("meta"):
        return Backbone(timm.create_model(name, num_classes=0, **options))


@pytest.fixture(autouse=True)
def own_generator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("name", [*MINIATURES, DISTILLED])
def test_the_map_has_the_channels_and_size_that_are_announced(name):
    backbone = make_backbone(name)
    height, width = backbone.image_size
    assert backbone.image_size == default_image_size(name)
    with torch.no_grad():
        maps = backbone(torch.rand(2, 3, height, width))
    assert maps.shape == (2, backbone.num_features, *backbone.map_size((height, width)))


@pytest.mark.parametrize("name", [*MINIATURES, DISTILLED])
def test_the_map_is_the_last_of_timms_intermediates(name):
    backbone = make_backbone(name).eval()
    images = torch.rand(1, 3, *backbone.image_size)
    # timm's own route to (b, c, h, w), with the final normalisation. It ends before
    # the last convolution of these two.
    if name in ("test_efficientnet", "test_nfnet"):
        expected = backbone.model.forward_features(images)
    else:
        expected = backbone.model.forward_intermediates(
            images, indices=1, norm=name not in UNNORMALISED, intermediates_only=True
        )[-1]
    assert_same_predictions(backbone(images), expected, "float32")


@pytest.mark.parametrize("name", [*MINIATURES, "test_vit2", "test_vit3"])
def test_every_parameter_has_a_part_in_the_map(name):
    backbone = make_backbone(name)
    features = backbone(torch.rand(2, 3, *backbone.image_size))
    features.square().sum().backward()
    assert not [n for n, p in backbone.named_parameters() if p.grad is None]


@pytest.mark.parametrize("name", ["vgg16", "mobilenetv3_small_100", "convnext_atto"])
def test_layers_of_the_classifier_are_dropped(name):
    with torch.device("meta"):
        whole = timm.create_model(name)
    backbone = on_meta(name)
    assert backbone.dropped
    for part in backbone.dropped:
        assert any(True for _ in whole.get_submodule(part).parameters())
        assert not list(backbone.model.get_submodule(part).parameters())


def test_vgg_keeps_its_convolutions_only():
    n_parameters = sum(p.numel() for p in on_meta("vgg16").parameters())
    assert n_parameters == 14_714_688  # as in Keras with include_top=False


@pytest.mark.parametrize(
    ("paper", "px", "channels"),
    [
        ("Xception", 299, 2048),
        ("ResNet50V2", 224, 2048),
        ("InceptionV3", 299, 2048),
        ("inception_resnet_v2", 299, 1536),
        ("densenet201", 224, 1920),
        ("mobilenetv2", 224, 1280),
        ("VGG19", 224, 512),
        ("resnet101", 224, 2048),
        ("EfficientNet-B0", 224, 1280),
    ],
)
def test_the_networks_of_the_papers(paper, px, channels):
    backbone = on_meta(resolve_name(paper))
    assert backbone.image_size == default_image_size(paper) == (px, px)
    assert backbone.num_features == channels
    assert backbone.name == resolve_name(paper)


def test_rahimzadeh_backbones_give_equal_maps_to_concatenate():
    sizes = [on_meta(resolve_name(n)).map_size(300) for n in ("xception", "resnet50v2")]
    assert sizes == [(10, 10), (10, 10)]


@pytest.mark.parametrize("alias", _ALIASES)
def test_aliases_name_networks_with_published_weights(alias):
    name = resolve_name(alias)
    assert timm.is_model(name)
    published = bool(timm.get_pretrained_cfg(name).has_weights)
    assert published == (alias not in ("baselineresnet", "resnet152v2"))


def test_names_of_former_releases_of_timm_resolve():
    assert resolve_name("convnext_tiny_in22ft1k") == "convnext_tiny.fb_in22k_ft_in1k"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet5O", "'resnet50'"),
        ("Xcepton", "'xception'"),
        ("resnet50.a1_in2k", "'resnet50.a1_in1k'"),
        (50, "must be a str"),
    ],
)
def test_unknown_names_bring_similar_ones(name, hint):
    with pytest.raises(ValueError, match=hint):
        make_backbone(name)


@pytest.mark.parametrize(
    "name", [*MINIATURES, "densenet121", "vgg11_bn", TIED, UNGROUPED]
)
def test_stages_hold_every_module_and_parameter_once(name):
    backbone = on_meta(name)
    modules = [module for stage in backbone.stages() for module in stage]
    assert len(modules) == len(set(modules))
    assert set(modules) == set(backbone.model.modules())
    parameters = [p for m in modules for p in m.parameters(recurse=False)]
    assert {id(p) for p in parameters} == {id(p) for p in backbone.parameters()}
    for stage in backbone.stages():
        assert any(True for m in stage for _ in m.parameters(recurse=False))


@pytest.mark.parametrize(
    ("name", "n_stages", "first", "last"),
    [
        ("test_resnet", 5, "conv1", "layer4"),
        ("densenet121", 5, "features.conv0", "features.norm5"),
        ("efficientnet_b0", 8, "conv_stem", "conv_head"),
        ("resnetv2_50", 5, "stem.conv", "norm"),
        ("vgg16", 13, "features.0", "features.28"),
        ("test_vit", 7, "patch_embed.proj", "norm"),
        ("legacy_xception", 14, "conv1", "conv4"),
        ("nasnetalarge", 19, "conv0.conv", "cell_17"),
    ],
)
def test_stages_run_from_input_to_output(name, n_stages, first, last):
    backbone = on_meta(name)
    stages = backbone.stages()
    assert len(stages) == n_stages
    assert backbone.model.get_submodule(first) in stages[0]
    assert backbone.model.get_submodule(last) in stages[-1]


def test_modules_without_parameters_are_with_those_before_them():
    stages = on_meta("vgg11").stages()
    kinds = [[type(m) for m in stage] for stage in stages]
    assert kinds[-1].count(nn.Conv2d) == 1
    assert nn.ReLU in kinds[-1]
    assert nn.MaxPool2d in kinds[-1]


def test_position_embeddings_are_of_the_input():
    backbone = make_backbone("test_vit")
    first = [p for m in backbone.stages()[0] for p in m.parameters(recurse=False)]
    assert any(p is backbone.model.pos_embed for p in first)


@pytest.mark.parametrize("in_channels", [1, 2, 5])
def test_other_numbers_of_channels(in_channels):
    backbone = make_backbone("lcnet_050", in_channels=in_channels, image_size=64)
    assert backbone(torch.rand(2, in_channels, 64, 64)).shape == (2, 256, 2, 2)
    assert backbone.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,) * in_channels)
    assert len(backbone.std) == in_channels


def test_the_normalisation_is_that_of_the_weights():
    assert make_backbone("lcnet_050").mean == (0.485, 0.456, 0.406)
    assert make_backbone("test_vit").std == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("name", "too_small", "smallest"),
    [("inception_v3", 74, 75), ("vgg11", (31, 500), 32), ("vgg11", 1, 32)],
)
def test_too_small_images_bring_the_smallest_that_work(name, too_small, smallest):
    backbone = on_meta(name)
    with pytest.raises(ValueError, match=f"takes {smallest}×{smallest} px"):
        backbone.map_size(too_small)
    assert backbone.map_size(smallest) == (1, 1)


def test_too_small_images_are_refused_on_making():
    with pytest.raises(ValueError, match="too small for vgg11"):
        make_backbone("vgg11", image_size=16)


def test_flat_rows_are_images_of_one_line():
    backbone = make_backbone("test_resnet", in_channels=1, image_size=(1, 20))
    assert backbone(torch.rand(2, 1, 1, 20)).shape == (2, 96, 1, 1)


@pytest.mark.parametrize("name", ["test_vit", "swin_tiny_patch4_window7_224"])
def test_networks_of_fixed_size_are_made_for_a_size(name):
    backbone = make_backbone(name, image_size=(128, 64))
    stride = 16 if name == "test_vit" else 32
    maps = backbone(torch.rand(1, 3, 128, 64))
    assert maps.shape[2:] == (128 // stride, 64 // stride)
    with pytest.raises(ValueError, match=r"image_size=\(64, 64\)"):
        backbone(torch.rand(1, 3, 64, 64))


def test_tokens_lie_where_their_patches_do():
    backbone = make_backbone("test_vit", image_size=(64, 96)).eval()
    images = torch.zeros(1, 3, 64, 96, requires_grad=True)
    tokens = backbone.model.patch_embed(images).flatten(1, 2)
    maps = backbone._as_map(torch.cat([tokens[:, :1], tokens], 1), (64, 96))
    maps[0, :, 1, 4].sum().backward()
    rows, columns = images.grad.abs().sum((0, 1)).nonzero(as_tuple=True)
    assert (rows.min(), rows.max()) == (16, 31)
    assert (columns.min(), columns.max()) == (64, 79)


@pytest.mark.parametrize("name", ["pit_ti_224", "crossvit_9_240"])
def test_networks_without_a_map_are_refused(name):
    with pytest.raises(ValueError, match="no feature map"):
        make_backbone(name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels must be a positive int"),
        ({"in_channels": 1.5}, "in_channels must be a positive int"),
        ({"image_size": 0}, "image_size must be a positive int"),
        ({"image_size": (64, 64, 3)}, "image_size must be a positive int"),
        ({"weights": 5}, "weights must be None"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_backbone("test_resnet", **options)


def test_the_check_of_the_size_leaves_the_network_as_it_is():
    backbone = make_backbone("test_resnet")
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    rng = torch.get_rng_state()
    backbone.map_size(64)
    assert backbone.training
    assert torch.equal(rng, torch.get_rng_state())
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.device.type == "cpu"
    assert all(p.grad is None for p in backbone.parameters())


def test_copies_and_pickles_compute_the_same():
    backbone = make_backbone("test_vit").eval()
    images = torch.rand(1, 3, 160, 160)
    for other in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(other(images), backbone(images))
        assert other.name == backbone.name
