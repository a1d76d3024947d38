"""Classifiers on a GPU: a pretended one, and with `pytest -m gpu` a real one."""

import contextlib
import pickle
import warnings

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.sampling import AugmentedOverSampler, PhasedBalancedSplit, PhasedClassifier
from cxrclf.training import _batches, _device, _record

EVERYTHING = Augmentation(
    rotation=20,
    shift=0.1,
    shear=10,
    zoom=0.2,
    crop=0.1,
    horizontal_flip=True,
    vertical_flip=True,
    noise=0.02,
)


@pytest.fixture
def fitted(small_classifier, tmp_path):
    """Return a function that trains a classifier in float32, and never from a cache."""
    folders = map(str, range(1000))

    def fit(X, y, device="cuda", fit_params=(), **settings):
        settings = {"precision": "float32", "cache_dir": tmp_path / next(folders)} | (
            settings
        )
        clf = small_classifier(**{"device": device, **settings})
        clf.fit(X, y, **dict(fit_params))
        assert next(clf.net_.module_.parameters()).device.type == device
        return clf

    return fit


@pytest.fixture
def same_on_both(fitted, cuda):
    """Return a function that trains on GPU and CPU, and compares what comes out."""

    def compare(X, y, **settings):
        on_gpu = fitted(X, y, **settings)
        on_cpu = fitted(X, y, device="cpu", **settings)
        for name, values in on_cpu.history_.items():
            if name.endswith("_loss"):
                np.testing.assert_allclose(
                    on_gpu.history_[name], values, rtol=10 * cuda.atol
                )
        np.testing.assert_allclose(
            on_gpu.predict_proba(X), on_cpu.predict_proba(X), atol=cuda.atol
        )
        assert getattr(on_gpu, "best_epoch_", 0) == getattr(on_cpu, "best_epoch_", 0)
        return on_gpu

    return compare


@pytest.mark.parametrize(
    ("trainable", "optimizer"),
    [
        ("head", "adam"),
        ("head", "nadam"),
        (1, "sgd"),
        (2, "adamw"),
        ("all", "adam"),
        ("all", "adamw"),
        ("all", "nadam"),
        ("all", "sgd"),
    ],
)
def test_every_optimizer_at_every_depth(
    trainable, optimizer, radiographs, same_on_both
):
    same_on_both(
        radiographs.images,
        radiographs.target,
        trainable=trainable,
        optimizer=optimizer,
        weight_decay=1e-3,
        learning_rate_schedule="cosine",
    )


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("form", ["uint8", "uint16", "float32", "rgb", "files"])
def test_every_form_of_images(
    form, room, trainable, radiographs, radiograph_files, same_on_both, monkeypatch
):
    X, y = radiographs.images, radiographs.target
    if form == "files":
        X, y = radiograph_files.data, radiograph_files.target
    elif form == "rgb":
        X = np.repeat(X[..., None], 3, axis=3)
    elif form != "uint8":
        top = 1 if form == "float32" else np.iinfo(form).max
        X = (X / 255 * top).astype(form)
    if not room:
        for module in (_batches, _device):
            monkeypatch.setattr(module, "has_room", lambda n_bytes, device: False)
    same_on_both(X, y, trainable=trainable, max_epochs=1)


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_every_augmentation(fill_mode, trainable, radiographs, same_on_both):
    augmentation = Augmentation(
        **{**EVERYTHING.get_params(), "fill_mode": fill_mode, "fill_value": 0.3}
    )
    same_on_both(
        radiographs.images,
        radiographs.target,
        augmentation=augmentation,
        trainable=trainable,
        n_views=1,
    )


@pytest.mark.parametrize("bank", [None, "memory", "disk"])
def test_the_bank_serves_a_gpu(bank, radiographs, same_on_both):
    X, y = radiographs.images, radiographs.target
    clf = same_on_both(X, y, trainable="head", feature_bank=bank)
    assert clf.banked_ == (None if bank is None else "features")
    before = clf.predict_proba(X)
    np.testing.assert_allclose(clf.fit(X, y).predict_proba(X), before, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weight": "balanced"},
        {"balanced_batches": True},
        {"head_epochs": 1},
        {"decay_bias_and_norm": True, "weight_decay": 0.01, "optimizer": "adamw"},
        {"hidden_units": 8},
        {"pointwise_channels": 8},
        {"pooling": "flatten", "normalization": "unit"},
        {"fit_params": {"sample_weight": np.linspace(0, 2, 30)}},
        {"fit_params": {"phases": [np.arange(20), np.arange(10, 30)]}},
        {"backbone": "residual_baseline", "max_epochs": 1},
        {"backbone": "test_efficientnet"},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_options(settings, radiographs, same_on_both):
    same_on_both(radiographs.images, radiographs.target, **settings)


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("given", [False, True])
def test_validation(given, trainable, radiographs, same_on_both):
    X, y = radiographs.images, radiographs.target
    if given:
        held_out = {"fit_params": {"X_val": X[::3], "y_val": y[::3]}}
    else:
        held_out = {"validation_fraction": 0.3, "monitor": "valid_accuracy"}
    clf = same_on_both(
        X,
        y,
        trainable=trainable,
        early_stopping=True,
        n_iter_no_change=1,
        tol=1.0,
        max_epochs=5,
        **held_out,
    )
    assert clf.n_epochs_ < 5
    assert np.isfinite(clf.history_["valid_loss"]).all()


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_dropout_is_repeated(trainable, radiographs, fitted, cuda):
    X, y = radiographs.images, radiographs.target
    first, second = (
        fitted(X, y, trainable=trainable, dropout=0.5).predict_proba(X)
        for _ in range(2)
    )
    # A GPU may add gradients in another order.
    np.testing.assert_allclose(first, second, atol=cuda.atol)
    plain = fitted(X, y, trainable=trainable).predict_proba(X)
    assert np.abs(first - plain).max() > 1e-5


def test_the_callers_generators_are_untouched(radiographs, fitted, cuda):
    torch.cuda.manual_seed(1)
    before = torch.cuda.get_rng_state(), torch.get_rng_state()
    fitted(radiographs.images, radiographs.target, dropout=0.3)
    assert torch.equal(before[0], torch.cuda.get_rng_state())
    assert torch.equal(before[1], torch.get_rng_state())


@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("goes_on_on", ["cuda", "cpu"])
def test_a_killed_training_is_resumed(
    goes_on_on, trainable, optimizer, radiographs, fitted, cuda, tmp_path, monkeypatch
):
    X, y = radiographs.images, radiographs.target
    settings = {
        "trainable": trainable,
        "optimizer": optimizer,
        "validation_fraction": 0.3,
        "max_epochs": 3,
    }
    whole = fitted(X, y, **settings)
    settings["checkpoint_dir"] = tmp_path
    add = _record.RunRecord.add

    def killed(self, progress):
        add(self, progress)
        if progress.done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(_record.RunRecord, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        fitted(X, y, **settings)
    monkeypatch.setattr(_record.RunRecord, "add", add)
    resumed = fitted(X, y, device=goes_on_on, **settings)
    assert resumed.history_["epoch"] == [1, 2, 3]
    # The first two epochs were not trained again.
    assert resumed.history_["duration"][:2] != whole.history_["duration"][:2]
    np.testing.assert_allclose(
        resumed.predict_proba(X), whole.predict_proba(X), atol=cuda.atol
    )


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_going_on(trainable, radiographs, small_classifier, cuda, tmp_path):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": trainable, "precision": "float32"}
    probabilities = {}
    for device in ("cuda", "cpu"):
        clf = small_classifier(
            device=device, cache_dir=tmp_path / device, max_epochs=1, **settings
        )
        clf.partial_fit(X, y).partial_fit(X[:20], y[:20])
        clf.set_params(warm_start=True, learning_rate=1e-4).fit(X, y)
        assert clf.n_epochs_ == 3
        probabilities[device] = clf.predict_proba(X)
    np.testing.assert_allclose(
        probabilities["cuda"], probabilities["cpu"], atol=cuda.atol
    )


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_predictions_of_one_of_a_few_and_of_many(
    trainable, radiographs, radiograph_files, fitted, cuda, monkeypatch
):
    X = radiographs.images
    clf = fitted(X, radiographs.target, trainable=trainable)
    expected = clf.predict_proba(X)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    monkeypatch.setitem(_device._INFERENCE_BATCH, "cuda", (7 * 32**2, 7))
    clf.set_params(feature_bank=None)
    # A GPU takes other kernels for other sizes of a batch.
    for size in (1, 4, 7, 10):
        cuts = np.split(X, range(size, 30, size))
        found = np.concatenate([clf.predict_proba(cut) for cut in cuts])
        np.testing.assert_allclose(found, expected, atol=1e-5 if cuda.pretended else 1e-3)
    files = clf.predict_proba(radiograph_files.data)
    order = [np.abs(files - row).max(1).argmin() for row in expected]
    np.testing.assert_allclose(files[order], expected, atol=1e-3)
    assert len(clf.predict(X)) == 30


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_trained_there_and_loaded_here(
    trainable, precision, radiographs, fitted, cuda, tmp_path
):
    X = radiographs.images
    clf = fitted(X, radiographs.target, trainable=trainable, precision=precision)
    expected = clf.predict_proba(X)
    clf.save(tmp_path / "model")
    on_cpu = CXRClassifier.load(tmp_path / "model", device="cpu")
    assert next(on_cpu.net_.module_.parameters()).device.type == "cpu"
    # bfloat16 keeps eight bits; the devices round differently.
    atol = 0.02 if precision == "bfloat16" else cuda.atol
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=atol)
    again = CXRClassifier.load(tmp_path / "model", device="cuda")
    np.testing.assert_allclose(again.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_pickle_goes_on_where_it_was(trainable, radiographs, fitted, cuda):
    X, y = radiographs.images, radiographs.target
    clf = fitted(X, y, trainable=trainable)
    expected = clf.predict_proba(X)
    copy = pickle.loads(pickle.dumps(clf))
    assert next(copy.net_.module_.parameters()).device.type == "cuda"
    np.testing.assert_allclose(copy.predict_proba(X), expected, atol=1e-6)
    for each in (clf, copy):
        each.partial_fit(X, y)
    np.testing.assert_allclose(
        copy.predict_proba(X), clf.predict_proba(X), atol=cuda.atol
    )


def test_a_pickle_where_its_device_is_missing(radiographs, fitted, cuda):
    X = radiographs.images
    clf = fitted(X, radiographs.target)
    expected = clf.predict_proba(X)
    clf._made_with["device"] = "cuda:99"
    with pytest.warns(UserWarning, match="The net is put on the CPU"):
        on_cpu = pickle.loads(pickle.dumps(clf))
    assert next(on_cpu.net_.module_.parameters()).device.type == "cpu"
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=cuda.atol)


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_bfloat16(trainable, radiographs, fitted, cuda):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": trainable, "precision": "bfloat16"}
    on_gpu, on_cpu = (fitted(X, y, device, **settings) for device in ("cuda", "cpu"))
    assert on_gpu.net_.autocast_dtype == torch.bfloat16
    # bfloat16 keeps eight bits; the devices round differently.
    np.testing.assert_allclose(
        on_gpu.predict_proba(X), on_cpu.predict_proba(X), atol=0.03
    )


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_backbones_side_by_side(
    trainable, pooling, radiograph_files, tmp_path, cuda, monkeypatch
):
    X, y = radiograph_files.data, radiograph_files.target
    probabilities = {}
    for device in ("cuda", "cpu"):
        clf = DualBackboneConcat(
            ("test_resnet", "test_efficientnet"),
            weights=None,
            image_size=32,
            pointwise_channels=16,
            pooling=pooling,
            trainable=trainable,
            max_epochs=1,
            random_state=0,
            device=device,
            precision="float32",
            cache_dir=tmp_path,
        ).fit(X, y)
        probabilities[device] = clf.predict_proba(X)
    np.testing.assert_allclose(
        probabilities["cuda"], probabilities["cpu"], atol=cuda.atol
    )
    clf.save(tmp_path / "model")
    on_gpu = DualBackboneConcat.load(tmp_path / "model", device="cuda")
    np.testing.assert_allclose(
        on_gpu.predict_proba(X), probabilities["cpu"], atol=cuda.atol
    )


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_copies_are_those_of_the_cpu(trainable, radiograph_files, same_on_both):
    X, y = radiograph_files.data, radiograph_files.target
    sampler = AugmentedOverSampler(random_state=0)
    copies = sampler.fit_resample(X[5:], y[5:])
    same_on_both(*copies, trainable=trainable, max_epochs=1)


def test_phases_on_a_gpu(radiograph_files, small_classifier, cuda):
    X, y = radiograph_files.data, radiograph_files.target
    split = PhasedBalancedSplit(n_phases=2, random_state=0)
    clf = small_classifier(balanced_batches=True, device="cuda")
    clf = PhasedClassifier(clf, split).fit(X, y)
    assert clf.history_["epoch"] == [1, 2, 3, 4]
    assert np.isfinite(clf.predict_proba(X)).all()
