"""Features take the place of pixels, batch by batch."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.feature_samples import FeatureSamples
from cxrclf._training.pixels import InputFormat
from cxrclf._training.samples import PixelSamples
from cxrclf._training.targets import ClassTargets
from cxrclf.augmentation import Copies
from cxrclf.images import ArrayImages


class MeanExtractor:
    """An extractor whose feature of an image is the mean of its pixels."""

    def __init__(self):
        self.n_extracted = []

    def extract(self, samples, out=None, verbose=0):
        keys, first = np.unique(samples.view_keys(), return_index=True)
        self.n_extracted.append(len(keys))
        return keys, samples.inputs(first)["images"].mean((1, 2, 3))[:, None]


def samples_of(phases, **settings):
    array = np.random.default_rng(0).random((6, 8, 8))
    images = ArrayImages(array)
    schedule = EpochSchedule(tuple((np.array(p), np.ones(len(p))) for p in phases))
    data = TrainingData(images, Copies(images), ClassTargets(np.arange(6)), schedule)
    format = InputFormat((8, 8), torch.device("cpu"), torch.float64)
    return FeatureSamples(PixelSamples(data, format, **settings), MeanExtractor())


@pytest.mark.parametrize("augmentation", [None, Augmentation(shift=0.2)])
def test_inputs_are_the_features_of_the_views(augmentation):
    samples = samples_of([[4, 1, 1, 3]], augmentation=augmentation, seed=2)
    for epoch in range(3):
        samples.begin_epoch(epoch)
        chosen = np.array([2, 0, 1])
        features = samples.inputs(chosen)["features"]
        pixels = samples.samples.inputs(chosen)["images"]
        torch.testing.assert_close(features[:, 0], pixels.mean((1, 2, 3)))
        assert samples.truth(chosen).tolist() == [1, 4, 1]
        assert len(samples) == len(samples.weights) == 4
    # Views of each epoch, or once for all of them.
    n = [3] if augmentation is None else [4, 4, 4]
    assert samples.extractor.n_extracted == n


def test_without_augmentation_all_phases_are_extracted_at_once():
    samples = samples_of([[4, 1], [1, 2, 3]])
    for epoch in range(2):
        samples.begin_epoch(epoch)
        assert samples.inputs(np.array([0]))["features"].shape == (1, 1)
    assert samples.extractor.n_extracted == [4]
