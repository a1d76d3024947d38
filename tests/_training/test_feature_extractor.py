"""Features of a frozen part, and the temporary file that they lie in."""

import errno
import os
import tempfile

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf._training import feature_extractor
from cxrclf._training.data import TrainingData
from cxrclf._training.feature_cache import MemoryCache
from cxrclf._training.feature_extractor import FeatureExtractor
from cxrclf._training.samples import PixelSamples
from cxrclf.images import ArrayImages
from tolerances import assert_same_predictions


@pytest.fixture(params=["reserved", "written"])
def unnamed_array(request, monkeypatch):
    """Return the function, also as it is on systems that reserve no space."""
    if request.param == "written":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
        monkeypatch.setattr(feature_extractor, "_BLOCK", 1000)
    return feature_extractor._unnamed_array


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(7, 300), (3, 2, 5)])
def test_it_is_a_tensor_of_zeros_that_keeps_what_is_written(
    unnamed_array, dtype, shape
):
    array = unnamed_array(shape, dtype)
    assert array.dtype == dtype
    assert array.shape == shape
    assert not array.any()
    values = torch.arange(array.numel()).reshape(shape).to(dtype)
    array[:] = values
    assert torch.equal(array, values)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_without_room_on_the_disk_it_is_in_memory(monkeypatch, number):
    def full(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    array = feature_extractor._unnamed_array((100, 10), torch.float32)
    assert array.shape == (100, 10)
    assert array.dtype == torch.float32


def test_without_a_temporary_folder_it_is_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert (
        feature_extractor._unnamed_array((2, 2), torch.bfloat16).dtype == torch.bfloat16
    )


@pytest.fixture
def net(radiographs, small_classifier):
    clf = small_classifier(trainable="head", max_epochs=1, precision="float64")
    return clf.fit(radiographs.images, radiographs.target).net_


def samples_of(images, net, **settings):
    data = TrainingData.of_prediction(ArrayImages(images), None)
    samples = PixelSamples(data, net.input_format, **settings)
    samples.begin_epoch(0)
    return samples


def test_features_are_those_of_the_frozen_part(net, radiographs):
    images = radiographs.images[:9]
    samples = samples_of(images, net)
    extractor = FeatureExtractor(net, None, n_threads=1)
    keys, features = extractor.extract(samples)
    np.testing.assert_array_equal(keys, np.sort(samples.view_keys()))
    with torch.no_grad():
        net.module_.eval()
        by_hand = net.module_.frozen_features(**samples.inputs(np.arange(9)))
    places = np.searchsorted(keys, samples.view_keys())
    assert_same_predictions(features[places], by_hand, "float64")


def test_equal_views_are_computed_once_and_other_ones_anew(
    net, radiographs, monkeypatch
):
    cache, images = MemoryCache(2**30), radiographs.images[[0, 1, 0]]
    n_computed = []
    compute = FeatureExtractor._compute

    def counted(self, samples, rows):
        n_computed.append(len(rows))
        return compute(self, samples, rows)

    monkeypatch.setattr(FeatureExtractor, "_compute", counted)
    for _ in range(2):
        extractor = FeatureExtractor(net, cache, n_threads=1)
        keys, _ = extractor.extract(samples_of(images, net))
        assert len(keys) == 2
    assert n_computed == [2]
    moves = Augmentation(rotation=30)
    keys, _ = extractor.extract(samples_of(images, net, augmentation=moves))
    assert len(keys) == 3  # a repeat has a view of its own
    assert n_computed == [2, 3]
