"""The segmenter on a CUDA device: run with `pytest -m gpu`."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, UNetSegmenter
from cxrclf.training import _batches

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
MOVES = Augmentation(rotation=15, zoom=0.1, horizontal_flip=True, noise=0.02)


@pytest.mark.parametrize("encoder", [None, "test_resnet"])
def test_trains_on_the_gpu_as_on_the_cpu(
    encoder, lung_files, small_segmenter, tmp_path
):
    X, y = lung_files.images, lung_files.pairs
    settings = {"encoder": encoder, "weights": None, "precision": "float32"}
    unet = small_segmenter(**settings, augmentation=MOVES, learning_rate=1e-4)
    unet.fit(X, y)
    assert next(unet.net_.module_.parameters()).device.type == "cuda"
    expected = unet.predict_proba(X)
    unet.save(tmp_path)
    loaded = UNetSegmenter.load(tmp_path, device="cpu")
    assert next(loaded.net_.module_.parameters()).device.type == "cpu"
    # Convolutions add in another order, and TF32 keeps ten bits.
    np.testing.assert_allclose(loaded.predict_proba(X), expected, atol=0.01)
    on_cpu = small_segmenter(
        **settings, augmentation=MOVES, learning_rate=1e-4, device="cpu"
    )
    on_cpu.fit(X, y)
    np.testing.assert_allclose(on_cpu.predict_proba(X), expected, atol=0.02)


def test_masks_move_on_the_gpu_as_on_the_cpu():
    masks = (torch.rand(6, 1, 48, 64) < 0.5).float()
    state = np.arange(6, dtype=np.uint64)
    moves = Augmentation(rotation=30, zoom=0.2, shift=0.1, fill_mode="constant")
    on_cpu = moves.apply_to_masks(masks, state)
    on_gpu = moves.apply_to_masks(masks.cuda(), state).cpu()
    # Coordinates are rounded differently, by about 1e-5 of a pixel, at ties.
    assert (on_cpu != on_gpu).float().mean() < 1e-3


def test_images_on_the_gpu_and_copied_train_alike(lungs, small_segmenter, monkeypatch):
    X, y = lungs.images, lungs.masks
    settings = {"precision": "float32", "augmentation": MOVES}
    resident = small_segmenter(**settings).fit(X, y)
    monkeypatch.setattr(_batches, "has_room", lambda n_bytes, device: False)
    copied = small_segmenter(**settings).fit(X, y)
    # cuDNN adds in an order that varies from run to run.
    np.testing.assert_allclose(
        copied.predict_proba(X), resident.predict_proba(X), atol=1e-2
    )
