"""FrozenFeatures: pooled maps of a network in inference mode."""

import numpy as np
import pytest
import torch

from cxrclf.exceptions import WeightsError
from cxrclf.generation._frozen_features import FrozenFeatures
from cxrclf.images import ImageInput
from cxrclf.nets import make_backbone


def compute(images, weights=None, **parameters):
    defaults = {"n_threads": 1, "device": "cpu", "verbose": 0}
    network = FrozenFeatures("test_resnet", weights, **{**defaults, **parameters})
    return network.compute(ImageInput.from_X(images))


def test_features_are_averages_of_the_last_map(radiographs):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        backbone = make_backbone("test_resnet", image_size=128).eval()
    images = np.repeat(np.repeat(radiographs.images[:3, :32, :32], 4, 1), 4, 2)
    found = compute(images, backbone.model.state_dict())
    pixels = torch.from_numpy(images)[:, None].float().expand(-1, 3, -1, -1) / 255
    mean, std = (
        torch.tensor(values)[:, None, None] for values in (backbone.mean, backbone.std)
    )
    with torch.no_grad():
        expected = backbone((pixels - mean) / std).mean((2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_random_weights_are_the_same_each_time(radiographs):
    first, second = (compute(radiographs.images[:3]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.ptp(first) > 0


def test_features_do_not_depend_on_the_other_images(radiographs):
    together = compute(radiographs.images, n_threads=2)
    np.testing.assert_array_equal(together[:20], compute(radiographs.images[:20]))


def test_missing_weights_are_refused(tmp_path):
    with pytest.raises(WeightsError):
        compute(np.zeros((2, 32, 32)), tmp_path / "missing.safetensors")
