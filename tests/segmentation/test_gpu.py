"""Segmenters on a pretended GPU, and with `pytest -m gpu` on a real one."""

import pickle

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, UNetSegmenter
from cxrclf._training import pixels, run_record
from cxrclf.losses import MaskLoss

MOVES = Augmentation(rotation=15, zoom=0.1, horizontal_flip=True, noise=0.02)


@pytest.fixture
def fitted(small_segmenter):
    """Return a function that trains in float32."""

    def fit(X, y, device="cuda", fit_params=(), **settings):
        settings = {"precision": "float32", "learning_rate": 1e-4, **settings}
        unet = small_segmenter(device=device, **settings)
        unet.fit(X, y, **dict(fit_params))
        assert next(unet.net_.module_.parameters()).device.type == device
        return unet

    return fit


@pytest.fixture
def same_on_both(fitted, cuda):
    """Return a function that trains on GPU and CPU, and compares what comes out."""

    def compare(X, y, **settings):
        on_gpu = fitted(X, y, **settings)
        on_cpu = fitted(X, y, device="cpu", **settings)
        for name, values in on_cpu.history_.items():
            if name.endswith(("_loss", "_dice")):
                np.testing.assert_allclose(
                    on_gpu.history_[name], values, rtol=10 * cuda.atol
                )
        np.testing.assert_allclose(
            on_gpu.predict_proba(X), on_cpu.predict_proba(X), atol=cuda.atol
        )
        return on_gpu

    return compare


@pytest.fixture
def labelled(lungs):
    """Masks of three classes: background, and both lungs."""
    return lungs.masks * np.where(np.arange(32) < 16, 1, 2)


@pytest.mark.parametrize("loss", MaskLoss.kinds)
@pytest.mark.parametrize("labels", [None, (0, 1, 2)])
def test_every_loss_of_two_and_of_several_classes(
    labels, loss, lungs, labelled, same_on_both
):
    same_on_both(
        lungs.images,
        lungs.masks if labels is None else labelled,
        labels=labels,
        loss=loss,
        augmentation=MOVES,
    )


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_an_encoder(trainable, lung_files, same_on_both):
    same_on_both(
        lung_files.images,
        lung_files.pairs,
        encoder="test_resnet",
        weights=None,
        trainable=trainable,
        augmentation=MOVES,
    )


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("form", ["uint8", "uint16", "float32", "rgb", "files"])
def test_every_form_of_images(form, room, lungs, lung_files, same_on_both, monkeypatch):
    X, y = lungs.images, lungs.masks
    if form == "files":
        X, y = lung_files.images, lung_files.masks
    elif form == "rgb":
        X = np.repeat(X[..., None], 3, axis=3)
    elif form != "uint8":
        top = 1 if form == "float32" else np.iinfo(form).max
        X = (X / 255 * top).astype(form)
    if not room:
        monkeypatch.setattr(pixels, "has_room", lambda n_bytes, device: False)
    same_on_both(X, y, max_epochs=1)


@pytest.mark.parametrize(
    "settings",
    [
        {"upsampling": "bilinear"},
        {"batch_norm": False, "optimizer": "sgd"},
        {"optimizer": "nadam", "learning_rate_schedule": "step"},
        {"fit_params": {"sample_weight": np.linspace(0, 2, 12)}},
        {
            "validation_fraction": 0.3,
            "early_stopping": True,
            "n_iter_no_change": 1,
            "max_epochs": 3,
        },
    ],
    ids=lambda settings: "-".join(settings),
)
def test_options(settings, lungs, same_on_both):
    same_on_both(lungs.images, lungs.masks, **settings)


def test_a_validation_set(lungs, same_on_both):
    X, y = lungs.images, lungs.masks
    unet = same_on_both(X, y, fit_params={"X_val": X[::2], "y_val": y[::2]})
    assert len(unet.history_["valid_dice"]) == 2


@pytest.mark.parametrize("goes_on_on", ["cuda", "cpu"])
def test_a_killed_training_is_resumed(
    goes_on_on, lungs, fitted, cuda, tmp_path, monkeypatch
):
    X, y = lungs.images, lungs.masks
    settings = {"max_epochs": 3, "validation_fraction": 0.3, "augmentation": MOVES}
    whole = fitted(X, y, **settings)
    settings["checkpoint_dir"] = tmp_path
    add = run_record.RunRecord.add

    def killed(self, progress):
        add(self, progress)
        if progress.done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(run_record.RunRecord, "add", killed)
        fitted(X, y, **settings)
    resumed = fitted(X, y, device=goes_on_on, **settings)
    assert resumed.history_["epoch"] == [1, 2, 3]
    np.testing.assert_allclose(
        resumed.predict_proba(X), whole.predict_proba(X), atol=cuda.atol
    )


def test_going_on(lungs, small_segmenter, cuda):
    X, y = lungs.images, lungs.masks
    probabilities = {}
    for device in ("cuda", "cpu"):
        unet = small_segmenter(device=device, precision="float32", max_epochs=1)
        unet.fit(X, y).set_params(warm_start=True, learning_rate=1e-4).fit(X, y)
        assert unet.n_epochs_ == 2
        probabilities[device] = unet.predict_proba(X)
    np.testing.assert_allclose(
        probabilities["cuda"], probabilities["cpu"], atol=cuda.atol
    )


@pytest.mark.parametrize(
    ("labels", "precision"),
    [
        (None, "float32"),
        (None, "bfloat16"),
        ((0, 1, 2), "float32"),
        ((0, 1, 2), "float64"),
    ],
)
def test_trained_there_and_loaded_here(
    labels, precision, lungs, labelled, fitted, cuda, tmp_path
):
    X = lungs.images
    y = lungs.masks if labels is None else labelled
    unet = fitted(X, y, labels=labels, precision=precision)
    expected = unet.predict_proba(X)
    unet.save(tmp_path)
    on_cpu = UNetSegmenter.load(tmp_path, device="cpu")
    assert next(on_cpu.net_.module_.parameters()).device.type == "cpu"
    # bfloat16 keeps eight bits; the devices round differently.
    atol = 0.03 if precision == "bfloat16" else cuda.atol
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=atol)
    copy = pickle.loads(pickle.dumps(unet))
    assert next(copy.net_.module_.parameters()).device.type == "cuda"
    np.testing.assert_allclose(copy.predict_proba(X), expected, atol=1e-6)


def test_predictions_in_every_form(lung_files, lungs, fitted, cuda, tmp_path):
    X, y = lung_files.images, lung_files.masks
    unet = fitted(X, y, learning_rate=0.01)
    expected = unet.predict_proba(X)
    np.testing.assert_allclose(unet.predict_proba(X), expected, atol=1e-6)
    # A GPU takes other kernels for other sizes of a batch.
    cuts = np.concatenate([unet.predict_proba(X[:1]), unet.predict_proba(X[1:])])
    np.testing.assert_allclose(cuts, expected, atol=1e-5 if cuda.pretended else 1e-3)
    np.testing.assert_allclose(unet.predict_proba(lungs.images), expected, atol=1e-6)
    masks = unet.predict(X)
    np.testing.assert_array_equal(np.array(unet.predict_masks(X)), masks)
    assert len(unet.save_masks(X, tmp_path)) == 12
    assert 0 <= unet.score(X, y) <= 1


@pytest.mark.parametrize("encoder", [None, "test_resnet"])
def test_bfloat16(encoder, lungs, fitted, cuda):
    X, y = lungs.images, lungs.masks
    settings = {"encoder": encoder, "weights": None, "precision": "bfloat16"}
    on_gpu, on_cpu = (fitted(X, y, device, **settings) for device in ("cuda", "cpu"))
    assert on_gpu.net_.autocast_dtype == torch.bfloat16
    # bfloat16 keeps eight bits; the devices round differently.
    np.testing.assert_allclose(
        on_gpu.predict_proba(X), on_cpu.predict_proba(X), atol=0.05
    )
