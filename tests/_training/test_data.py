"""Examples before and after their files are opened."""

import numpy as np
import pytest
from PIL import Image

from cxrclf._training.data import Examples, TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.targets import ClassTargets, NoTargets
from cxrclf._training.weights import SampleWeights
from cxrclf.augmentation import Copies
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ArrayImages, ImageInput
from cxrclf.masks import MaskInput


def examples_of(n=6, **settings):
    images = np.random.default_rng(0).integers(0, 256, (n, 8, 8), dtype=np.uint8)
    return Examples(
        ImageInput.from_X(images), ClassTargets(np.arange(n) % 2), **settings
    )


def test_phases_are_without_rows_that_weigh_nothing():
    weights = np.array([1.0, 0, 1, 2, 0, 1])
    examples = examples_of(weights=SampleWeights(weights))
    (everything,) = examples.phases()
    assert everything.tolist() == [0, 2, 3, 5]
    phases = examples.phases([np.array([1, 2]), np.array([5, 4, 3])])
    assert [rows.tolist() for rows in phases] == [[2], [5, 3]]
    with pytest.raises(ValueError, match="at least one weight above zero"):
        examples.phases([np.array([0]), np.array([1, 4])])
    assert examples_of().phases()[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_what_cannot_be_read_is_named_at_once(tmp_path):
    names = [str(tmp_path / f"{k}.png") for k in range(3)]
    masks = [str(tmp_path / f"mask{k}.png") for k in range(3)]
    for path in (names[0], masks[0], masks[1]):
        Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(path)
    examples = Examples(ImageInput.from_X(names), MaskInput.from_y(masks))
    with pytest.raises(ImageReadError) as caught:
        examples.open(image_size=(8, 8))
    assert set(caught.value.failures) == {names[1], names[2], masks[2]}
    whole = Examples(ImageInput.from_X(names[:1]), MaskInput.from_y(masks[:1]))
    images, targets = whole.open(image_size=(8, 8))
    assert images.shape == targets.shape == (1, 8, 8)


def test_a_training_is_identified_by_its_rows_targets_and_weights():
    images, targets = examples_of().open(image_size=(8, 8))

    def parts(rows, codes=targets, weights=1.0):
        schedule = EpochSchedule(((np.array(rows), np.full(len(rows), weights)),))
        data = TrainingData(images, Copies(images), codes, schedule)
        return [part.tolist() for part in data.fingerprint_parts()]

    expected = parts([0, 1, 2])
    assert expected[0] == images.keys[:3].tolist()
    assert expected == parts([0, 1, 2], ClassTargets(np.array([0, 1, 0, 1, 1, 1])))
    for other in (
        parts([0, 2, 1]),
        parts([0, 1, 2], ClassTargets(np.array([0, 1, 1, 1, 0, 1]))),
        parts([0, 1, 2], weights=2.0),
    ):
        assert other != expected


def test_all_rows_are_predicted_from():
    images = ArrayImages(np.zeros((4, 8, 8), dtype=np.uint8))
    data = TrainingData.of_prediction(images, None)
    assert isinstance(data.targets, NoTargets)
    assert data.schedule.rows_of(0)[0].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(data.keys, images.keys)
