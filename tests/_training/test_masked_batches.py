"""Masks beside their images: the same rows, the same views, in every batch."""

import numpy as np
import pytest
import torch
from PIL import Image

from cxrclf import Augmentation
from cxrclf._training.batches import Batches, Pixels, PixelSet
from cxrclf._training.epoch_schedule import EpochRows
from cxrclf._training.images import MaskedImages, open_array, open_files
from cxrclf.masks import open_masks

SIZE = 24, 32
N = 11
FLIPS = Augmentation(horizontal_flip=True, vertical_flip=True)


@pytest.fixture
def masked():
    """Images of 0 and 255, which are their own masks."""
    masks = np.random.default_rng(0).random((N, *SIZE)) < 0.3
    return MaskedImages(open_array(masks * np.uint8(255)), open_masks(masks))


def pixel_set(images, *, rows=None, epoch=0, **settings):
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    pixels = Pixels(images, SIZE, torch.device("cpu"), torch.float32)
    codes = np.zeros(len(images), dtype=np.int64)
    plan = EpochRows(codes, ((rows, np.ones(len(rows))),))
    data_set = PixelSet(pixels, plan, **settings)
    data_set.begin_epoch(epoch)
    return data_set


def batches(data_set, batch_size=4, shuffle=True):
    return Batches(data_set, batch_size, torch.device("cpu"), torch.float32, shuffle)


@pytest.mark.parametrize("augmentation", [None, FLIPS])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_batch_has_the_masks_of_its_images(masked, augmentation, shuffle):
    data_set = pixel_set(masked, augmentation=augmentation, seed=3)
    n = 0
    for inputs, (truth, weights) in batches(data_set, shuffle=shuffle):
        images = inputs["images"]
        assert truth.dtype == torch.int64
        assert truth.shape == (len(images), *SIZE)
        assert weights.shape == (len(images),)
        np.testing.assert_array_equal(truth, images[:, 0].round())
        n += len(images)
    assert n == N


def test_the_views_of_masks_change_with_the_epoch_alone(masked):
    moving = Augmentation(rotation=30, shift=0.2)

    def truth(batch_size=4, **settings):
        data_set = pixel_set(masked, augmentation=moving, **settings)
        parts = [t for _, (t, _) in batches(data_set, batch_size, shuffle=False)]
        return torch.cat(parts).numpy()

    first = truth()
    np.testing.assert_array_equal(truth(batch_size=3), first)
    np.testing.assert_array_equal(truth(rows=[7, 2]), first[[7, 2]])
    for other in ({"epoch": 1}, {"seed": 1}):
        assert (truth(**other) != first).mean() > 0.05
    np.testing.assert_array_equal(truth(epoch=4, n_views=2), first)


def test_repeats_of_a_row_have_views_of_their_own(masked):
    data_set = pixel_set(masked, rows=[3, 3, 3], augmentation=Augmentation(shift=0.3))
    truth = data_set.masks(np.arange(3)).numpy()
    images = data_set.inputs(np.arange(3))["images"][:, 0].numpy()
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (truth[one] != truth[other]).mean() > 0.05
    # Bilinear and nearest neighbour agree on which side of one half a pixel is,
    # unless its neighbours differ.
    same = (images == 0) | (images == 1)
    assert same.mean() > 0.2
    np.testing.assert_array_equal(truth[same], images[same])


def test_images_of_another_size_than_the_working_one_get_views_of_the_same_place():
    # A disc, in images of twice the working size.
    rows, columns = np.mgrid[: 2 * SIZE[0], : 2 * SIZE[1]]
    disc = (rows - 20) ** 2 + (columns - 36) ** 2 < 13**2
    masks = np.stack([np.roll(disc, k, axis=1) for k in range(6)])
    images = MaskedImages(open_array(masks * np.uint8(255)), open_masks(masks, SIZE))
    moves = Augmentation(rotation=40, zoom=0.3, shift=0.1, shear=10)
    data_set = pixel_set(images, augmentation=moves)
    for inputs, (truth, _) in batches(data_set):
        seen = inputs["images"][:, 0] > 0.5
        overlap = 2 * (seen & (truth == 1)).sum() / (seen.sum() + truth.sum())
        assert overlap > 0.93  # a rim of half a pixel around a disc of radius 6.5


def test_classes_stay_numbers_of_classes():
    codes = np.random.default_rng(0).choice([0, 3, 200], (4, *SIZE))
    images = MaskedImages(
        open_array(np.zeros((4, *SIZE), dtype=np.uint8)),
        open_masks(codes, labels=range(201)),
    )
    moves = Augmentation(rotation=40, zoom=0.3, shift=0.1, shear=10, noise=0.2)
    for _, (truth, _) in batches(pixel_set(images, augmentation=moves)):
        assert set(truth.unique().tolist()) == {0, 3, 200}


def test_files_and_arrays_have_the_same_keys_and_views(tmp_path, masked):
    masks = masked.masks.gather(np.arange(N))
    paths = []
    for k, mask in enumerate(masks):
        Image.fromarray(mask * np.uint8(255)).save(tmp_path / f"{k}.png")
        paths.append(str(tmp_path / f"{k}.png"))
    stored = open_files(
        np.array(paths, dtype=object),
        SIZE,
        keep_aspect_ratio=False,
        cache_dir=tmp_path / "cache",
        verbose=0,
    )
    files = MaskedImages(stored, open_masks(paths, SIZE, cache_dir=tmp_path / "cache"))
    np.testing.assert_array_equal(files.sample_keys, masked.sample_keys)
    np.testing.assert_array_equal(files.keys, masked.keys)
    moves = Augmentation(rotation=30, shift=0.2)
    one, other = (
        pixel_set(images, augmentation=moves).masks(np.arange(N))
        for images in (files, masked)
    )
    np.testing.assert_array_equal(one, other)


def test_a_sample_is_known_by_its_image_and_its_mask(masked):
    masks = masked.masks.gather(np.arange(N))
    other = masks.copy()
    other[4, 0, 0] ^= 1
    again = MaskedImages(masked.images, open_masks(other))
    changed = again.sample_keys != masked.sample_keys
    assert np.flatnonzero(changed).tolist() == [4]
    # Rows of one image are held out together, whatever their masks.
    np.testing.assert_array_equal(again.keys, masked.keys)
    assert len(again) == N
    assert again.shape == (N, *SIZE)
    assert again.copies is None


def test_without_masks_the_truth_is_class_codes(masked):
    plain = pixel_set(masked.images)
    assert not plain.has_masks
    assert pixel_set(masked).has_masks
    for inputs, (truth, _) in batches(plain):
        assert truth.shape == (len(inputs["images"]),)
