import pickle

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed
from timm.models import adapt_input_conv

from cxrclf.exceptions import WeightsError
from cxrclf.nets import make_backbone


@pytest.fixture(scope="module")
def resnet():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return timm.create_model("test_resnet").state_dict()


def save(state, path):
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def assert_loaded(backbone, state):
    for name, value in backbone.model.state_dict().items():
        assert torch.equal(value, state[name]), name


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth", "bin", "ckpt"])
def test_files_of_every_kind(resnet, tmp_path, ending):
    path = save(resnet, tmp_path / f"weights.{ending}")
    assert_loaded(make_backbone("test_resnet", weights=path), resnet)
    assert_loaded(make_backbone("test_resnet", weights=str(path)), resnet)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {f"module.{k}": v for k, v in state.items()},
        lambda state: {"state_dict": {f"module.{k}": v for k, v in state.items()}},
        lambda state: {k: v for k, v in state.items() if not k.startswith("fc.")},
    ],
    ids=["plain", "nested", "parallel", "both", "no classifier"],
)
def test_what_wraps_a_state_dict_is_understood(resnet, tmp_path, wrap):
    assert_loaded(make_backbone("test_resnet", weights=wrap(resnet)), resnet)
    path = save(wrap(resnet), tmp_path / "weights.pt")
    assert_loaded(make_backbone("test_resnet", weights=path), resnet)


def test_older_files_without_counts_of_batches(resnet):
    older = {k: v for k, v in resnet.items() if "num_batches" not in k}
    assert_loaded(make_backbone("test_resnet", weights=older), resnet)


def test_dropped_layers_may_be_in_the_file_or_not():
    state = timm.create_model("test_convnext").state_dict()
    assert any(k.startswith("head.norm.") for k in state)
    backbone = make_backbone("test_convnext", weights=state)
    assert_loaded(backbone, state)
    trimmed = backbone.model.state_dict()
    assert not any(k.startswith("head.") for k in trimmed)
    assert_loaded(make_backbone("test_convnext", weights=trimmed), state)


def test_the_given_mapping_is_not_shared(resnet):
    backbone = make_backbone("test_resnet", weights=resnet)
    before = resnet["conv1.0.weight"].clone()
    with torch.no_grad():
        backbone.model.get_parameter("conv1.0.weight").zero_()
    assert torch.equal(resnet["conv1.0.weight"], before)


@pytest.mark.parametrize("in_channels", [1, 2, 5])
def test_the_first_convolution_is_adapted(resnet, in_channels):
    backbone = make_backbone("test_resnet", weights=resnet, in_channels=in_channels)
    own = backbone.model.state_dict()
    expected = adapt_input_conv(in_channels, resnet["conv1.0.weight"])
    assert torch.equal(own["conv1.0.weight"], expected)
    assert torch.equal(own["conv1.3.weight"], resnet["conv1.3.weight"])


def test_one_channel_equals_three_equal_ones():
    state = timm.create_model("test_vit").state_dict()  # mean and std equal in all
    grey = torch.rand(2, 1, 160, 160)
    one = make_backbone("test_vit", weights=state, in_channels=1).eval()
    three = make_backbone("test_vit", weights=state).eval()
    torch.testing.assert_close(
        one(grey), three(grey.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-4
    )


def test_weights_of_one_channel_load_into_one_channel(resnet):
    one = make_backbone("test_resnet", weights=resnet, in_channels=1)
    state = one.model.state_dict()
    again = make_backbone("test_resnet", weights=state, in_channels=1)
    assert_loaded(again, state)
    with pytest.raises(WeightsError, match=r"conv1\.0\.weight .*instead of"):
        make_backbone("test_resnet", weights=state)


def test_position_embeddings_are_resampled():
    state = timm.create_model("test_vit").state_dict()
    backbone = make_backbone("test_vit", weights=state, image_size=(96, 64))
    expected = resample_abs_pos_embed(
        state["pos_embed"], new_size=(6, 4), num_prefix_tokens=1
    )
    torch.testing.assert_close(backbone.model.pos_embed, expected)
    assert torch.equal(backbone.model.norm.weight, state["norm.weight"])
    swin = timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1))
    with pytest.raises(WeightsError, match="missing"):  # one block of two a stage
        make_backbone("swin_tiny_patch4_window7_224", weights=swin.state_dict())


class Exploit:
    def __reduce__(self):
        return pytest.fail, ("the file was unpickled",)


def write_pickle(path):
    path.write_bytes(pickle.dumps({"conv1": Exploit()}))


def write_torch_pickle(path):
    torch.save({"conv1": Exploit()}, path)


def write_text(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\nsize 102400\n")


def write_truncated(path):
    content = {"weight": torch.zeros(1000)}
    save(content, path)
    path.write_bytes(path.read_bytes()[:-500])


def write_nothing(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("ending", [".pt", ".pth", ".safetensors"])
@pytest.mark.parametrize(
    "write",
    [write_pickle, write_torch_pickle, write_text, write_truncated, write_nothing],
)
def test_what_is_no_file_of_weights_is_refused(tmp_path, write, ending):
    path = tmp_path / f"weights{ending}"
    write(path)
    with pytest.raises(WeightsError, match=f"{path.name} cannot be read as weights"):
        make_backbone("test_resnet", weights=path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"no file of weights at .*absent\.pth"):
        make_backbone("test_resnet", weights=tmp_path / "absent.pth")
    with pytest.raises(WeightsError, match=r"no file of weights at image-net"):
        make_backbone("test_resnet", weights="image-net")
    with pytest.raises(WeightsError, match="no file of weights at"):
        make_backbone("test_resnet", weights=tmp_path)


@pytest.mark.parametrize(
    "content",
    [[torch.zeros(3)], {}, {"epoch": 3}, {0: torch.zeros(3)}, {"state_dict": {}}],
    ids=["list", "empty", "no tensors", "no names", "nested empty"],
)
def test_what_holds_no_state_dict_is_refused(tmp_path, content):
    path = save(content, tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match=r"weights\.pt holds no state dict"):
        make_backbone("test_resnet", weights=path)


def test_arrays_are_no_tensors():
    with pytest.raises(WeightsError, match="mapping given as weights holds no state"):
        make_backbone("test_resnet", weights={"conv1.0.weight": np.zeros(3)})


def test_weights_of_another_network_are_refused(resnet, tmp_path):
    path = save(resnet, tmp_path / "resnet.safetensors")
    with pytest.raises(WeightsError) as caught:
        make_backbone("test_nfnet", weights=path)
    message = str(caught.value)
    assert "resnet.safetensors does not fit test_nfnet" in message
    assert "missing (stem.conv1.weight" in message
    assert "unexpected (" in message
    assert len(message) < 900


@pytest.mark.parametrize("name", ["test_vit", "swin_tiny_patch4_window7_224"])
def test_weights_that_timms_filter_cannot_handle_are_refused(resnet, name):
    with pytest.raises(WeightsError, match="does not fit"):
        make_backbone(name, weights=resnet)


def test_single_differences_are_named_with_their_shapes(resnet):
    name = "layer4.0.conv1.weight"
    other = {**resnet, name: resnet[name][:, :-1]}
    shape = tuple(resnet[name].shape)
    with pytest.raises(WeightsError) as caught:
        make_backbone("test_resnet", weights=other)
    smaller = (shape[0], shape[1] - 1, *shape[2:])
    assert (
        f"1 of its tensors of another shape ({name} {smaller} instead of {shape})"
        in (str(caught.value))
    )
    missing = {k: v for k, v in resnet.items() if k != name}
    with pytest.raises(WeightsError, match=r"1 of its tensors missing \(layer4"):
        make_backbone("test_resnet", weights=missing)
    with pytest.raises(WeightsError, match=r"1 of its tensors unexpected \(extra \(3,"):
        make_backbone("test_resnet", weights={**resnet, "extra": torch.zeros(3)})
