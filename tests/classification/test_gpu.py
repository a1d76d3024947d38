"""Classifiers on a pretended GPU, and with `pytest -m gpu` on a real one."""

import contextlib
import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat, Optimizer
from cxrclf._training import feature_samples, pixels, precision, run_record
from cxrclf.sampling import AugmentedOverSampler, PhasedBalancedSplit, PhasedClassifier
from pretend_cuda import guard_loops

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
        optimizer=Optimizer(optimizer, weight_decay=1e-3),
        learning_rate_schedule="cosine",
    )


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize(
    ("trainable", "form"),
    [
        ("head", "uint16"),
        ("head", "files"),
        ("all", "uint8"),
        ("all", "uint16"),
        ("all", "float32"),
        ("all", "rgb"),
        ("all", "files"),
    ],
)
def test_every_form_of_images(
    trainable, form, room, radiographs, radiograph_files, same_on_both, monkeypatch
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
        for module in (pixels, feature_samples):
            monkeypatch.setattr(module, "has_room", lambda n_bytes, device: False)
    same_on_both(X, y, trainable=trainable, max_epochs=1)


@pytest.mark.parametrize(
    ("trainable", "fill_mode"),
    [
        ("head", "nearest"),
        ("all", "constant"),
        ("all", "nearest"),
        ("all", "reflect"),
        ("all", "wrap"),
    ],
)
def test_every_augmentation(trainable, fill_mode, radiographs, same_on_both):
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


@pytest.mark.parametrize("kind", [None, "memory", "disk"])
def test_the_feature_cache_serves_a_gpu(kind, radiographs, same_on_both):
    X, y = radiographs.images, radiographs.target
    clf = same_on_both(X, y, trainable="head", feature_cache=kind)
    assert clf.feature_cache_ == (None if kind is None else "features")
    before = clf.predict_proba(X)
    np.testing.assert_allclose(clf.fit(X, y).predict_proba(X), before, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weight": "balanced"},
        {"balanced_batches": True},
        {"head_epochs": 1},
        {"optimizer": Optimizer("adamw", decay_bias_and_norm=True, weight_decay=0.01)},
        {"hidden_units": 8},
        {"pointwise_channels": 8},
        {"pooling": "flatten", "normalization": "unit"},
        {"fit_params": {"sample_weight": np.linspace(0, 2, 30)}},
        {"fit_params": {"phases": [np.arange(20), np.arange(10, 30)]}},
        {"backbone": "residual_baseline", "max_epochs": 1},
        {"backbone": "test_efficientnet"},
        {"validation_fraction": 0.3, "monitor": "valid_accuracy", "keep_best": False},
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
        held_out = {"validation_fraction": 0.3}
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


@pytest.mark.parametrize(
    ("trainable", "optimizer", "goes_on_on"),
    [
        ("head", "nadam", "cuda"),
        ("all", "nadam", "cuda"),
        ("all", "adam", "cuda"),
        ("all", "adamw", "cpu"),
    ],
)
def test_a_killed_training_is_resumed(
    trainable, optimizer, goes_on_on, radiographs, fitted, cuda, tmp_path, monkeypatch
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
    add = run_record.RunRecord.add

    def killed(self, progress):
        add(self, progress)
        if progress.done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(run_record.RunRecord, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        fitted(X, y, **settings)
    monkeypatch.setattr(run_record.RunRecord, "add", add)
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
    trainable, radiographs, radiograph_files, fitted, cuda, tmp_path, monkeypatch
):
    X = radiographs.images
    clf = fitted(X, radiographs.target, trainable=trainable)
    expected = clf.predict_proba(X)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    monkeypatch.setitem(precision._INFERENCE_BATCH, "cuda", (7 * 32**2, 7))
    clf.set_params(feature_cache=None)
    # All batches are filled up to one size but that of a single image, for which a GPU
    # takes other kernels.
    for size in (1, 4, 7, 10):
        cuts = np.split(X, range(size, 30, size))
        found = np.concatenate([clf.predict_proba(cut) for cut in cuts])
        atol = 1e-3 if size == 1 and not cuda.pretended else 1e-5
        np.testing.assert_allclose(found, expected, atol=atol)
    clf.save(tmp_path / "model")
    on_cpu = CXRClassifier.load(tmp_path / "model", device="cpu")
    paths = radiograph_files.data
    np.testing.assert_allclose(
        clf.predict_proba(paths), on_cpu.predict_proba(paths), atol=cuda.atol
    )
    assert len(clf.predict(X)) == 30


@pytest.mark.parametrize(
    ("trainable", "precision"),
    [
        ("head", "float32"),
        ("head", "bfloat16"),
        (1, "float32"),
        ("all", "float32"),
        ("all", "bfloat16"),
        ("all", "float64"),
    ],
)
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


@pytest.mark.parametrize(
    ("trainable", "pooling"),
    [("head", "mean"), ("head", "flatten"), (1, "mean"), ("all", "flatten")],
)
def test_backbones_side_by_side(trainable, pooling, radiograph_files, tmp_path, cuda):
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


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_memory_does_not_grow_with_the_epochs(
    trainable, radiographs, fitted, cuda, monkeypatch
):
    add = run_record.RunRecord.add
    allocated = []

    def measured(self, progress):
        add(self, progress)
        allocated.append(torch.cuda.memory_allocated())

    monkeypatch.setattr(run_record.RunRecord, "add", measured)
    augmentation = Augmentation(rotation=10)
    fitted(
        radiographs.images,
        radiographs.target,
        trainable=trainable,
        augmentation=augmentation,
        max_epochs=4,
    )
    assert max(allocated[2:]) <= allocated[1]


def test_fits_in_threads_are_those_of_the_main_thread(radiographs, fitted, cuda):
    def fit(seed):
        return fitted(
            radiographs.images,
            radiographs.target,
            random_state=seed,
            dropout=0.3,
            max_epochs=2,
        ).predict_proba(radiographs.images)

    with ThreadPoolExecutor(2) as pool:
        in_threads = list(pool.map(fit, range(3)))
    for found, expected in zip(in_threads, map(fit, range(3)), strict=True):
        np.testing.assert_allclose(found, expected, atol=cuda.atol)


def test_tf32_of_convolutions_keeps_three_digits(
    radiographs, fitted, cuda, monkeypatch
):
    X = radiographs.images
    clf = fitted(X, radiographs.target)
    probabilities = []
    for allowed in (False, True):
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", allowed)
        probabilities.append(clf.predict_proba(X))
    # TF32 keeps ten bits of each factor.
    np.testing.assert_allclose(*probabilities, atol=1e-2)


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_nobody_waits_for_the_device(trainable, radiographs, fitted, cuda, monkeypatch):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": trainable, "augmentation": EVERYTHING, "dropout": 0.3}
    fitted(X, y, **settings)  # what is set up once may wait
    if not cuda.pretended:
        guard_loops(monkeypatch, _waiting_fails)
    fitted(X, y, **settings).predict_proba(X)


@contextlib.contextmanager
def _waiting_fails(where):
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_throughput_beside_a_bare_loop(precision, small_classifier, cuda, capsys):
    backbone, n, size, batch_size = "resnet50", 2048, 224, 64
    if cuda.pretended:  # to see that this would run
        backbone, n, size, batch_size = "test_resnet", 32, 32, 8
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, size, size), dtype=np.uint8)
    y = np.arange(n) % 3
    clf = small_classifier(
        backbone=backbone,
        image_size=size,
        batch_size=batch_size,
        precision=precision,
        device="cuda",
    ).fit(X, y)
    start = time.perf_counter()
    clf.predict_proba(X)
    predicted = time.perf_counter() - start
    rates = {
        "trained": n / clf.history_["duration"][-1],
        "trained by a bare loop": n / _bare_loop(clf, X, y),
        "predicted": n / predicted,
    }
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
    gib = torch.cuda.max_memory_allocated() / 2**30
    if not cuda.pretended:
        with capsys.disabled():
            print(f"\n{backbone}, {precision}, images per second: {rates}")
            print(f"most memory: {gib:.1f} GiB")
    assert np.isfinite(clf.history_["train_loss"]).all()


def _bare_loop(clf, X, y):
    """Return the seconds of an epoch over pixels on the device."""
    module = clf.net_.module_.train()
    images, codes = torch.from_numpy(X).cuda(), torch.from_numpy(y).cuda()
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    dtype = clf.net_.autocast_dtype
    for _ in range(2):  # the first one warms up
        torch.cuda.synchronize()
        start = time.perf_counter()
        order = torch.randperm(len(X), device="cuda")
        for index in order.split(clf.batch_size):
            pixels = images[index, None].float() / 255
            with torch.autocast("cuda", dtype=dtype, enabled=dtype is not None):
                loss = torch.nn.functional.cross_entropy(module(pixels), codes[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.cuda.synchronize()
        duration = time.perf_counter() - start
    return duration
