"""Images in memory, gathered by row."""

import numpy as np
import pytest

from cxrclf.images import ArrayImages, content_key


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("rows", [[3, 0, 3], (4,), np.array([-1, 1]), range(5)])
def test_rows_in_any_order_and_repeated(pixels, rows):
    images = ArrayImages(pixels)
    assert len(images) == 5
    assert images.shape == (5, 4, 3)
    np.testing.assert_array_equal(images.gather(rows), pixels[list(rows)])


def test_channels_and_floats(pixels):
    colors = np.stack([pixels] * 3, axis=-1) / 255
    images = ArrayImages(colors)
    assert images.shape == (5, 4, 3, 3)
    np.testing.assert_array_equal(images.gather([2]), colors[[2]])


def test_what_is_gathered_may_be_written_to(pixels):
    images = ArrayImages(pixels)
    before = pixels.copy()
    images.gather([0, 1])[:] = 0
    np.testing.assert_array_equal(pixels, before)


def test_keys_are_those_of_the_content(pixels):
    images = ArrayImages(pixels)
    assert images.keys.dtype == np.uint64
    assert images.keys.tolist() == [content_key(image) for image in pixels]
    assert images.keys is images.keys  # computed once
    np.testing.assert_array_equal(ArrayImages(pixels[::-1]).keys, images.keys[::-1])


def test_the_array_is_not_copied(pixels):
    assert ArrayImages(pixels).array is pixels
