"""Targets: classes, and masks that are moved as their images are."""

import numpy as np
import pytest
import torch
from PIL import Image

from cxrclf import Augmentation
from cxrclf._training.batches import Batches
from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.pixels import InputFormat, View
from cxrclf._training.samples import PixelSamples
from cxrclf._training.targets import ClassTargets, MaskTargets, NoTargets
from cxrclf.augmentation import Copies
from cxrclf.images import ArrayImages, ImageInput
from cxrclf.masks import open_masks

SIZE = 24, 32
N = 11
FLIPS = Augmentation(horizontal_flip=True, vertical_flip=True)


@pytest.fixture
def masked():
    """Images of 0 and 255, which are their own masks."""
    masks = np.random.default_rng(0).random((N, *SIZE)) < 0.3
    return ArrayImages(masks * np.uint8(255)), MaskTargets(open_masks(masks))


def data_of(images, targets, rows=None):
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    return TrainingData(images, Copies(images), targets, EpochSchedule.of_rows(rows))


def samples_of(pair, *, rows=None, epoch=0, **settings):
    format = InputFormat(SIZE, torch.device("cpu"), torch.float32)
    samples = PixelSamples(data_of(*pair, rows), format, **settings)
    samples.begin_epoch(epoch)
    return samples


def batches(samples, batch_size=4, shuffle=True):
    return Batches(samples, batch_size, torch.device("cpu"), torch.float32, shuffle)


@pytest.mark.parametrize("augmentation", [None, FLIPS])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_batch_has_the_masks_of_its_images(masked, augmentation, shuffle):
    samples = samples_of(masked, augmentation=augmentation, seed=3)
    n = 0
    for inputs, (truth, weights) in batches(samples, shuffle=shuffle):
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
        samples = samples_of(masked, augmentation=moving, **settings)
        parts = [t for _, (t, _) in batches(samples, batch_size, shuffle=False)]
        return torch.cat(parts).numpy()

    first = truth()
    np.testing.assert_array_equal(truth(batch_size=3), first)
    np.testing.assert_array_equal(truth(rows=[7, 2]), first[[7, 2]])
    for other in ({"epoch": 1}, {"seed": 1}):
        assert (truth(**other) != first).mean() > 0.05
    np.testing.assert_array_equal(truth(epoch=4, n_views=2), first)


def test_repeats_of_a_row_have_views_of_their_own(masked):
    samples = samples_of(masked, rows=[3, 3, 3], augmentation=Augmentation(shift=0.3))
    truth = samples.truth(np.arange(3)).numpy()
    images = samples.inputs(np.arange(3))["images"][:, 0].numpy()
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (truth[one] != truth[other]).mean() > 0.05
    # Bilinear and nearest neighbor agree on which side of one half a pixel is,
    # unless its neighbors differ.
    same = (images == 0) | (images == 1)
    assert same.mean() > 0.2
    np.testing.assert_array_equal(truth[same], images[same])


def test_images_of_another_size_than_the_working_one_get_views_of_the_same_place():
    # A disc, in images of twice the working size.
    rows, columns = np.mgrid[: 2 * SIZE[0], : 2 * SIZE[1]]
    disc = (rows - 20) ** 2 + (columns - 36) ** 2 < 13**2
    masks = np.stack([np.roll(disc, k, axis=1) for k in range(6)])
    images = ArrayImages(masks * np.uint8(255))
    targets = MaskTargets(open_masks(masks, SIZE))
    moves = Augmentation(rotation=40, zoom=0.3, shift=0.1, shear=10)
    samples = samples_of((images, targets), augmentation=moves)
    for inputs, (truth, _) in batches(samples):
        seen = inputs["images"][:, 0] > 0.5
        overlap = 2 * (seen & (truth == 1)).sum() / (seen.sum() + truth.sum())
        assert overlap > 0.93  # a rim of half a pixel around a disc of radius 6.5


def test_classes_stay_numbers_of_classes():
    codes = np.random.default_rng(0).choice([0, 3, 200], (4, *SIZE))
    images = ArrayImages(np.zeros((4, *SIZE), dtype=np.uint8))
    pair = images, MaskTargets(open_masks(codes, labels=range(201)))
    moves = Augmentation(rotation=40, zoom=0.3, shift=0.1, shear=10, noise=0.2)
    for _, (truth, _) in batches(samples_of(pair, augmentation=moves)):
        assert set(truth.unique().tolist()) == {0, 3, 200}


def test_files_and_arrays_have_the_same_keys_and_views(tmp_path, masked):
    images, targets = masked
    paths = []
    for k, mask in enumerate(targets.masks.gather(np.arange(N))):
        Image.fromarray(mask * np.uint8(255)).save(tmp_path / f"{k}.png")
        paths.append(str(tmp_path / f"{k}.png"))
    stored = ImageInput.from_X(paths).open(SIZE, cache_dir=tmp_path / "cache")
    of_files = MaskTargets(open_masks(paths, SIZE, cache_dir=tmp_path / "cache"))
    files = stored, of_files
    np.testing.assert_array_equal(data_of(*files).keys, data_of(*masked).keys)
    np.testing.assert_array_equal(stored.keys, images.keys)
    moves = Augmentation(rotation=30, shift=0.2)
    one, other = (
        samples_of(pair, augmentation=moves).truth(np.arange(N))
        for pair in (files, masked)
    )
    np.testing.assert_array_equal(one, other)


def test_a_sample_is_known_by_its_image_and_its_mask(masked):
    images, targets = masked
    masks = targets.masks.gather(np.arange(N))
    other = masks.copy()
    other[4, 0, 0] ^= 1
    again = MaskTargets(open_masks(other))
    keys, others = (data_of(images, each).keys for each in (targets, again))
    assert np.flatnonzero(others != keys).tolist() == [4]
    assert np.flatnonzero(again.keys != targets.keys).tolist() == [4]
    # Neither the image nor the mask alone.
    assert not set(keys) & {*images.keys, *targets.keys}
    assert len(again) == N
    # A validation set is drawn from one stratum.
    assert set(again.strata) == {0}
    assert again.open() is again


def test_classes_change_no_view(masked):
    images, _ = masked
    codes = np.arange(N) % 3
    targets = ClassTargets(codes)
    data = data_of(images, targets)
    np.testing.assert_array_equal(data.keys, images.keys)
    np.testing.assert_array_equal(targets.strata, codes)
    np.testing.assert_array_equal(targets.keys, codes)
    assert len(targets) == N
    assert targets.open(image_size=SIZE) is targets
    samples = samples_of((images, targets), augmentation=FLIPS)
    for inputs, (truth, _) in batches(samples):
        assert truth.shape == (len(inputs["images"]),)
        assert truth.dtype == torch.int64


def test_without_targets_the_truth_is_empty(masked):
    images, _ = masked
    targets = NoTargets(N)
    np.testing.assert_array_equal(data_of(images, targets).keys, images.keys)
    assert len(targets) == N
    assert targets.keys.shape == (N, 0)
    view = View(InputFormat(SIZE, torch.device("cpu"), torch.float32))
    assert targets.batch(np.arange(3), view).shape == (3, 0)
