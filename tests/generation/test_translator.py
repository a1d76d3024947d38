"""Translator: translation of images in batches."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf.generation._translator import Translator
from cxrclf.images import ImageInput


@pytest.fixture
def translator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Translator(
            1,
            (24, 24),
            width=2,
            n_blocks=1,
            skip=False,
            device="cpu",
            precision="float32",
        )


def translate(translator, X, direction=0, **parameters):
    defaults = {"reading": {"image_size": (24, 24)}, "n_threads": 1, "verbose": 0}
    images = ImageInput.from_X(X)
    parts = translator.translate(images, direction, **{**defaults, **parameters})
    return np.concatenate(list(parts))


@pytest.mark.parametrize("direction", [0, 1])
def test_each_direction_has_its_generator(translator, direction):
    X = np.random.default_rng(0).integers(0, 256, (5, 24, 24), dtype=np.uint8)
    pixels = torch.from_numpy(X)[:, None].float() / 255 * 2 - 1
    with torch.no_grad():
        expected = (translator.module_[direction](pixels) + 1) / 2
    found = translate(translator, X, direction)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_views_are_translated_instead_of_images(translator):
    X = np.random.default_rng(0).random((4, 24, 24)).astype(np.float32)
    augmentation = Augmentation(shift=0.2)
    states = np.arange(4, dtype=np.uint64)
    moved = augmentation.apply(torch.from_numpy(X)[:, None], states)[:, 0].numpy()
    found = translate(translator, X, views=(augmentation, states))
    np.testing.assert_allclose(found, translate(translator, moved), atol=1e-6)
    assert abs(found - translate(translator, X)).max() > 0.01


def test_outputs_have_the_requested_size(translator):
    X = np.zeros((2, 48, 40), np.uint8)
    found = translate(translator, X, output_size=(48, 40))
    assert found.shape == (2, 1, 48, 40)


def test_values_that_are_not_finite_name_the_remedy(translator):
    torch.nn.init.constant_(translator.module_[0].output.bias, torch.nan)
    with pytest.raises(ValueError, match="NaN or infinity.*learning_rate"):
        translate(translator, np.zeros((2, 24, 24), np.uint8))
