"""On a CUDA device: run with `pytest -m gpu`."""

import pickle

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.sampling import AugmentedOverSampler, PhasedBalancedSplit, PhasedClassifier
from cxrclf.training import _batches

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_trains_on_the_gpu_and_loads_on_the_cpu(
    trainable, radiograph_files, small_classifier, tmp_path
):
    X, y = radiograph_files.data, radiograph_files.target
    clf = small_classifier(
        trainable=trainable, augmentation=Augmentation(rotation=10, noise=0.02)
    ).fit(X, y)
    assert next(clf.net_.module_.parameters()).device.type == "cuda"
    expected = clf.predict_proba(X)
    clf.save(tmp_path)
    on_cpu = CXRClassifier.load(tmp_path, device="cpu")
    assert next(on_cpu.net_.module_.parameters()).device.type == "cpu"
    # bfloat16 keeps eight bits; the devices round differently.
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=0.02)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(clf)).predict_proba(X), expected
    )


def test_views_are_those_of_the_cpu():
    images = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    state = np.arange(4, dtype=np.uint64)
    augmentation = Augmentation(rotation=30, zoom=0.2, shear=10, noise=0.05)
    on_cpu = augmentation.apply(images, state)
    on_gpu = augmentation.apply(images.cuda(), state).cpu()
    # Coordinates are rounded differently by about 1e-5 of a pixel.
    torch.testing.assert_close(on_gpu, on_cpu, atol=1e-3, rtol=0)


def test_the_callers_gpu_generator_is_untouched(radiographs, small_classifier):
    torch.cuda.manual_seed(1)
    before = torch.cuda.get_rng_state()
    small_classifier(dropout=0.3).fit(radiographs.images, radiographs.target)
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_images_on_the_gpu_and_from_pinned_memory_train_the_same(
    radiographs, small_classifier, monkeypatch
):
    X, y = radiographs.images, radiographs.target
    settings = {"precision": "float32", "augmentation": Augmentation(rotation=10)}
    on_gpu = small_classifier(**settings).fit(X, y)
    monkeypatch.setattr(_batches, "has_room", lambda n_bytes, device: False)
    copied = small_classifier(**settings).fit(X, y)
    # cuDNN adds in an order that varies from run to run.
    np.testing.assert_allclose(
        copied.predict_proba(X), on_gpu.predict_proba(X), atol=1e-3
    )


@pytest.mark.parametrize("trainable", ["head", 1])
def test_the_bank_serves_a_gpu(radiographs, small_classifier, trainable):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": trainable, "precision": "float32"}
    plain = small_classifier(feature_bank=None, **settings).fit(X, y)
    for bank in ("disk", "memory", "memory"):
        clf = small_classifier(feature_bank=bank, **settings).fit(X, y)
        assert clf.banked_ is not None
        np.testing.assert_allclose(
            clf.predict_proba(X), plain.predict_proba(X), atol=1e-3
        )


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
@pytest.mark.parametrize("trainable", ["head", "all"])
def test_backbones_side_by_side(radiograph_files, tmp_path, trainable, pooling):
    X, y = radiograph_files.data, radiograph_files.target
    clf = DualBackboneConcat(
        ("test_resnet", "test_efficientnet"),
        weights=None,
        image_size=32,
        pointwise_channels=16,
        pooling=pooling,
        trainable=trainable,
        max_epochs=2,
        random_state=0,
    ).fit(X, y)
    expected = clf.predict_proba(X)
    clf.save(tmp_path)
    on_cpu = DualBackboneConcat.load(tmp_path, device="cpu")
    # bfloat16 keeps eight bits; the devices round differently.
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=0.02)


def test_copies_are_those_of_the_cpu(radiograph_files, small_classifier):
    X, y = radiograph_files.data, radiograph_files.target
    clf = small_classifier(precision="float32").fit(X, y)
    copies, _ = AugmentedOverSampler(random_state=0).fit_resample(X[5:], y[5:])
    on_gpu = clf.predict_proba(copies)
    on_cpu = pickle.loads(pickle.dumps(clf))
    on_cpu.net_.module_.cpu()
    on_cpu.net_.device = "cpu"
    np.testing.assert_allclose(on_cpu.predict_proba(copies), on_gpu, atol=1e-3)


def test_phases_on_a_gpu(radiograph_files, small_classifier):
    X, y = radiograph_files.data, radiograph_files.target
    split = PhasedBalancedSplit(n_phases=2, random_state=0)
    clf = PhasedClassifier(small_classifier(balanced_batches=True), split).fit(X, y)
    assert clf.history_["epoch"] == [1, 2, 3, 4]
    assert np.isfinite(clf.predict_proba(X)).all()
