"""saliency_maps: sizes, targets, batches, and what it must not change."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from cxrclf.inspection import Lime, Occlusion, ScoreCAM, saliency_maps
from cxrclf.inspection._class_maps import class_maps
from tolerances import assert_same_predictions

METHODS = {
    "gradcam": "gradcam",
    "gradcam++": "gradcam++",
    "cam": "cam",
    "scorecam": ScoreCAM(n_channels=8),
    "occlusion": Occlusion(window=0.5, stride=0.25),
    "lime": Lime(n_segments=6, n_perturbations=20),
}


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param]


def test_targets(method, trained, radiographs):
    X = radiographs.images[:3]
    every = saliency_maps(trained, X, "all", method=method)
    assert every.shape == (3, 3, 48, 48)
    assert every.dtype == np.float32
    rows, predicted = np.arange(3), trained.predict_proba(X).argmax(1)
    for target, codes in [
        (None, predicted),
        ("normal", [1, 1, 1]),
        (["pneumonia", "covid", "normal"], [2, 0, 1]),
    ]:
        found = saliency_maps(trained, X, target, method=method)
        np.testing.assert_allclose(found, every[rows, codes], rtol=1e-5, atol=1e-7)


def test_maps_do_not_depend_on_the_cut(method, trained, radiographs):
    X = radiographs.images[:20]
    whole = saliency_maps(trained, X, "covid", method=method)
    part = saliency_maps(trained, X[16:], "covid", method=method)
    assert_same_predictions(part, whole[16:], "float32")
    np.testing.assert_array_equal(
        saliency_maps(trained, X, "covid", method=method), whole
    )


def test_nothing_else_changes(method, make, radiographs):
    X = radiographs.images[:3]
    clf = make().fit(radiographs.images, radiographs.target)
    module = clf.net_.module_
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    hooks = [len(part._forward_hooks) for part in module.modules()]
    needs = [p.requires_grad for p in module.parameters()]
    gradients = [p.grad for p in module.parameters()]
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    saliency_maps(clf, X, method=method)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert all(torch.equal(state[n], t) for n, t in module.state_dict().items())
    assert modes == [part.training for part in module.modules()]
    assert hooks == [len(part._forward_hooks) for part in module.modules()]
    assert needs == [p.requires_grad for p in module.parameters()]
    assert all(p.grad is g for p, g in zip(module.parameters(), gradients, strict=True))
    assert torch.is_grad_enabled()
    clf.partial_fit(radiographs.images, radiographs.target)  # trains on as before


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_maps_are_class_maps_at_the_size_of_the_image(trainable, make, radiographs):
    clf = make(trainable=trainable).fit(radiographs.images, radiographs.target)
    X = radiographs.images[:2]
    pixels = torch.from_numpy(X / np.float32(255))[:, None]
    grid = class_maps(clf.net_.module_, pixels, np.array([0, 0]), "cam")[:, None]
    for size in ((48, 48), (31, 57)):
        expected = interpolate(grid, size, mode="bilinear")[:, 0].numpy()
        found = saliency_maps(clf, X, "covid", method="cam", size=size)
        assert_same_predictions(found, expected, "float32")


def test_sizes_of_files(make, radiograph_files, tmp_path):
    X, y = radiograph_files.data, radiograph_files.target
    clf = make(image_size=48, keep_aspect_ratio=True).fit(X, y)
    assert saliency_maps(clf, X[:2], size="image").shape == (2, 48, 48)
    wide = tmp_path / "wide.png"
    Image.open(X[0, 0]).crop((0, 0, 48, 24)).save(wide)
    # The network sees 24 rows of the image between black borders.
    own = saliency_maps(clf, [wide], "covid", method="cam", size="image")
    padded = saliency_maps(clf, [wide], "covid", method="cam")
    expected = interpolate(
        torch.from_numpy(padded[:, None, 12:36]), (24, 48), mode="bilinear"
    )[:, 0]
    np.testing.assert_allclose(own, expected, atol=1e-6)
    several = [X[0, 0], str(wide)]
    for size in ("image", (40, 40)):
        with pytest.raises(ValueError, match=r"several sizes\. Use size=\"network\""):
            saliency_maps(clf, several, size=size)
    stretched = make(image_size=64).fit(X, y)
    assert saliency_maps(stretched, several, size=(40, 40)).shape == (2, 40, 40)
    assert saliency_maps(stretched, X[:2], size="image").shape == (2, 48, 48)
    with pytest.raises(ValueError, match="same size, but X has images of several"):
        saliency_maps(stretched, several, size="image")


def test_branches(dual, radiographs):
    X = radiographs.images[:2]
    for name in ("gradcam", "gradcam++", "cam", "scorecam"):
        maps = [saliency_maps(dual, X, method=name, branch=b) for b in (None, 0, 1)]
        assert all(m.shape == (2, 48, 48) for m in maps)
        assert not np.array_equal(maps[1], maps[2])
    for branch, match in [(2, "Use 0 to 1"), (-1, "Use 0 to 1"), ("a", "an int")]:
        with pytest.raises(ValueError, match=match):
            saliency_maps(dual, X, branch=branch)
    with pytest.raises(ValueError, match="Leave branch=None"):
        saliency_maps(dual, X, method="occlusion", branch=0)


def test_precision_of_the_maps(make, radiographs):
    X, y = radiographs.images, radiographs.target
    double = make(precision="float64").fit(X, y)
    found = saliency_maps(double, X[:2], "covid")
    assert found.dtype == np.float64
    half = make(precision="bfloat16").fit(X, y)
    assert saliency_maps(half, X[:2]).dtype == np.float32


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"method": "gradcamm"}, r"method must be one of .*got 'gradcamm'"),
        ({"method": Occlusion}, "method must be one of"),
        ({"method": Occlusion(window=0.1, stride=0.2)}, "stride=0.2 exceeds"),
        ({"method": Lime(n_segments=1)}, "'n_segments' parameter of Lime"),
        ({"method": ScoreCAM(n_channels=0)}, "'n_channels' parameter of ScoreCAM"),
        ({"size": "file"}, 'size must be "network", "image"'),
        ({"size": (0, 5)}, "size must be a positive int or a pair"),
        ({"target": "flu"}, "target has 'flu', but the classes"),
    ],
)
def test_bad_parameters(options, match, trained, radiographs):
    with pytest.raises(ValueError, match=match):
        saliency_maps(trained, radiographs.images[:2], **options)


def test_a_diverged_network_is_named(make, radiographs):
    clf = make().fit(radiographs.images, radiographs.target)
    with torch.no_grad():
        clf.net_.module_.head.output.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="training diverged"):
        saliency_maps(clf, radiographs.images[:2], "covid")


def test_progress(trained, radiographs, capsys):
    for method in ("cam", METHODS["occlusion"]):
        saliency_maps(trained, radiographs.images[:2], method=method, verbose=1)
        assert "saliency maps: 100%" in capsys.readouterr().err
