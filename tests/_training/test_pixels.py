"""Stored pixels become the input of a network."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from cxrclf import Augmentation
from cxrclf._training import pixels
from cxrclf._training.pixels import InputFormat, PixelSource, View
from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation import Copies
from cxrclf.images import ArrayImages


def format_of(size=(4, 4), dtype=torch.float64):
    return InputFormat(size, torch.device("cpu"), dtype)


def batch_of(array, rows, view):
    images = ArrayImages(array)
    return PixelSource(images, Copies(images), view.format).batch(np.array(rows), view)


@pytest.mark.parametrize("dtype", [">u2", ">f4", "<u2", "<f4"])
def test_pixels_of_any_byte_order(dtype):
    values = np.arange(16).reshape(1, 4, 4) / 16
    limit = 65535 if dtype.endswith("u2") else 1
    batch = batch_of((values * limit).astype(dtype), [0], View(format_of()))
    np.testing.assert_allclose(batch[0, 0], values[0], atol=1 / 65535)


def test_channels_come_first_and_other_sizes_are_resized():
    array = np.random.default_rng(0).random((3, 6, 8, 3))
    batch = batch_of(array, [2, 0], View(format_of((6, 8))))
    np.testing.assert_array_equal(batch, array[[2, 0]].transpose(0, 3, 1, 2))
    small = batch_of(array, [2, 0], View(format_of((3, 4))))
    by_hand = interpolate(batch, (3, 4), mode="bilinear", antialias=True)
    assert torch.equal(small, by_hand)


def test_a_view_moves_images_and_masks_by_the_same_states():
    moves = Augmentation(rotation=30, shift=0.2)
    states = keyed_state(0, [3, 4])
    masks = np.random.default_rng(0).random((2, 12, 12)) < 0.4
    view = View(format_of((12, 12)), moves, lambda: states)
    images = torch.from_numpy(masks.astype(float))[:, None]
    assert torch.equal(view.transform(images), moves.apply(images, states))
    moved = view.move_masks(torch.from_numpy(masks.astype(np.uint8)))
    assert torch.equal(moved, moves.apply_to_masks(images, states)[:, 0])
    plain = View(view.format)
    assert plain.transform(images) is images
    assert plain.move_masks(moved) is moved


def test_images_in_the_memory_of_the_device_are_the_same(monkeypatch):
    array = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    format = format_of((8, 8), torch.float32)
    rows = np.array([4, 0, 4])
    images = ArrayImages(array)
    source = PixelSource(images, Copies(images), format)
    gathered = source.batch(rows, View(format))
    monkeypatch.setattr(pixels, "has_room", lambda n_bytes, device: True)
    assert source.keep_on_device() is source
    monkeypatch.delattr(ArrayImages, "gather")  # nothing is read any more
    assert torch.equal(source.batch(rows, View(format)), gathered)


def test_only_images_of_8_bits_are_kept_on_the_device(monkeypatch):
    monkeypatch.setattr(pixels, "has_room", lambda n_bytes, device: True)
    images = ArrayImages(np.arange(64, dtype=np.uint16).reshape(1, 8, 8))
    source = PixelSource(images, Copies(images), format_of((8, 8))).keep_on_device()
    monkeypatch.delattr(ArrayImages, "gather")
    with pytest.raises(AttributeError, match="gather"):  # is read in each batch
        source.batch(np.array([0]), View(source.format))
