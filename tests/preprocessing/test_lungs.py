"""The lungs of images, from any segmenter."""

from types import SimpleNamespace

import numpy as np
import pytest

from cxrclf.images import ImageInput
from cxrclf.preprocessing._lungs import predict_lungs, refuse_padding

IMAGES = np.zeros((2, 8, 6))


class Fixed:
    """Predicts the same masks for all images."""

    def __init__(self, masks, **attributes):
        self.masks = masks
        vars(self).update(attributes)

    def predict(self, X):
        assert X is IMAGES
        return self.masks


@pytest.fixture
def lungs():
    masks = np.zeros((2, 8, 6), dtype=np.uint8)
    masks[0, 2:6, 1:3] = 1
    masks[1, 2:6, 3:5] = 2
    return masks


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, float])
def test_what_is_not_zero_is_lung(lungs, dtype):
    predicted = predict_lungs(Fixed(lungs.astype(dtype)), IMAGES)
    assert predicted.dtype == bool
    np.testing.assert_array_equal(predicted, lungs > 0)


def test_the_first_class_is_the_background(lungs):
    named = np.array([7, 3, 5])[lungs]
    predicted = predict_lungs(Fixed(named, classes_=np.array([7, 3, 5])), IMAGES)
    np.testing.assert_array_equal(predicted, lungs > 0)


def test_masks_of_another_size_are_resized(lungs):
    predicted = predict_lungs(Fixed(lungs[:, ::2, ::2]), IMAGES)
    assert predicted.shape == IMAGES.shape
    nearest = lungs[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2) > 0
    np.testing.assert_array_equal(predicted, nearest)


@pytest.mark.parametrize("shape", [(2,), (1, 8, 6), (2, 8, 6, 1)])
def test_other_predictions_are_refused(shape):
    with pytest.raises(ValueError, match="for 2 images gave an array of shape"):
        predict_lungs(Fixed(np.zeros(shape)), IMAGES)


def test_files_are_not_stretched_for_a_segmenter_of_padded_images():
    padded = SimpleNamespace(keep_aspect_ratio=True)
    files = ImageInput.from_X(["a.png"])
    with pytest.raises(ValueError, match="and LungMasker stretches files"):
        refuse_padding(padded, files, "LungMasker")
    refuse_padding(padded, ImageInput.from_X(IMAGES), "LungMasker")
    refuse_padding(SimpleNamespace(keep_aspect_ratio=False), files, "LungMasker")
    refuse_padding(object(), files, "LungMasker")
