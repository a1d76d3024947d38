import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import timm
import torch

from cxrclf.nets import default_image_size, make_backbone
from cxrclf.nets._names import resolve_name
from networks import MINIATURES, on_meta
from tolerances import assert_same_predictions

# Their intermediates cannot be normalised; they have no normalisation at the end.
UNNORMALISED = ["test_byobnet", "test_convnext", "test_mambaout", "test_resnet"]
DISTILLED = "deit_tiny_distilled_patch16_224"  # two tokens that are not of the grid


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


@pytest.mark.parametrize(
    ("name", "too_small", "smallest"),
    [("inception_v3", 74, 75), ("vgg11", (31, 500), 32), ("vgg11", 1, 32)],
)
def test_too_small_images_bring_the_smallest_that_work(name, too_small, smallest):
    backbone = on_meta(name)
    with pytest.raises(ValueError, match=f"takes {smallest}×{smallest} px"):
        backbone.map_size(too_small)
    assert backbone.map_size(smallest) == (1, 1)


def test_flat_rows_are_images_of_one_line():
    backbone = make_backbone("test_resnet", in_channels=1, image_size=(1, 20))
    assert backbone(torch.rand(2, 1, 1, 20)).shape == (2, 96, 1, 1)


def test_tokens_lie_where_their_patches_do():
    backbone = make_backbone("test_vit", image_size=(64, 96)).eval()
    images = torch.zeros(1, 3, 64, 96, requires_grad=True)
    tokens = backbone.model.patch_embed(images).flatten(1, 2)
    maps = backbone._as_map(torch.cat([tokens[:, :1], tokens], 1), (64, 96))
    maps[0, :, 1, 4].sum().backward()
    rows, columns = images.grad.abs().sum((0, 1)).nonzero(as_tuple=True)
    assert (rows.min(), rows.max()) == (16, 31)
    assert (columns.min(), columns.max()) == (64, 79)


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


def test_the_size_of_the_map_is_found_while_other_threads_compute():
    backbone = make_backbone("test_resnet", weights=None, image_size=64).eval()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def use(number):
        if number % 2:
            return backbone.map_size(64)
        with torch.no_grad():
            return tuple(backbone(images).shape[2:])

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(use, range(40))) == {(2, 2)}
    assert {p.device.type for p in backbone.parameters()} == {"cpu"}
