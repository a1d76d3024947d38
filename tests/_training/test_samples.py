"""The samples of an epoch: their rows, views and truth."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.pixels import InputFormat
from cxrclf._training.samples import PixelSamples, occurrence
from cxrclf._training.targets import ClassTargets
from cxrclf.augmentation import Copies
from cxrclf.images import ArrayImages

CODES = np.array([0, 1, 2, 1, 0, 2])


def samples_of(rows, **settings):
    array = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    images = ArrayImages(array)
    schedule = EpochSchedule.of_rows(np.asarray(rows))
    data = TrainingData(images, Copies(images), ClassTargets(CODES), schedule)
    format = InputFormat((8, 8), torch.device("cpu"), torch.float32)
    return PixelSamples(data, format, **settings)


def test_occurrence_counts_repeats_in_order():
    keys = np.array([7, 3, 7, 7, 3, 9], dtype=np.uint64)
    np.testing.assert_array_equal(occurrence(keys), [0, 0, 1, 2, 1, 0])


def test_inputs_and_truth_are_those_of_the_rows():
    samples = samples_of([5, 1, 1, 0])
    samples.begin_epoch(0)
    assert len(samples) == 4
    chosen = np.array([3, 0, 2])
    images = samples.data.images.array[[0, 5, 1]][:, None] / np.float32(255)
    np.testing.assert_array_equal(samples.inputs(chosen)["images"], images)
    np.testing.assert_array_equal(samples.truth(chosen), CODES[[0, 5, 1]])
    np.testing.assert_array_equal(samples.view_keys(), samples.data.keys[[5, 1, 1, 0]])


@pytest.mark.parametrize("n_views", [None, 2])
def test_views_change_with_the_epoch_and_the_repeat(n_views):
    samples = samples_of([5, 1, 1], augmentation=Augmentation(shift=0.2), seed=3)
    samples.n_views = n_views
    keys = []
    for epoch in range(4):
        samples.begin_epoch(epoch)
        keys.append(samples.view_keys().tolist())
    assert len(set(keys[0])) == 3  # a repeat has a view of its own
    assert (keys[0] == keys[2]) == (keys[1] == keys[3]) == (n_views == 2)
    assert not set(keys[0]) & set(keys[1])


def test_all_epochs_together_have_each_row_once_and_no_views():
    images = ArrayImages(np.zeros((6, 8, 8), dtype=np.uint8))
    phases = [(np.array([4, 1]), np.ones(2)), (np.array([1, 2]), np.ones(2))]
    data = TrainingData(
        images, Copies(images), ClassTargets(CODES), EpochSchedule(tuple(phases))
    )
    format = InputFormat((8, 8), torch.device("cpu"), torch.float32)
    samples = PixelSamples(data, format, augmentation=Augmentation(shift=0.2))
    everything = samples.of_all_epochs()
    assert everything.rows.tolist() == [1, 2, 4]
    assert everything.augmentation is None
