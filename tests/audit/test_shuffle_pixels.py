import numpy as np
from numpy.testing import assert_array_equal

from cxrclf.audit._shuffle_pixels import shuffle_pixels


def test_each_image_keeps_its_pixels_in_an_order_of_its_own():
    image = np.arange(30, dtype=np.uint16).reshape(5, 6)
    shuffled = shuffle_pixels(np.stack([image, image]), 0)
    assert shuffled.shape == (2, 5, 6)
    assert shuffled.dtype == np.uint16
    for changed in shuffled:
        assert_array_equal(np.sort(changed.ravel()), image.ravel())
        assert (changed != image).mean() > 0.5
    assert (shuffled[0] != shuffled[1]).any()


def test_channels_stay_together():
    gray = np.arange(16, dtype=float).reshape(1, 4, 4)
    color = np.stack([gray, gray + 100, gray + 200], axis=-1)
    shuffled = shuffle_pixels(color, 0)
    assert_array_equal(shuffled[..., 1] - shuffled[..., 0], np.full((1, 4, 4), 100))
    assert_array_equal(shuffled[..., 2] - shuffled[..., 0], np.full((1, 4, 4), 200))


def test_seed_determines_the_orders():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    assert_array_equal(shuffle_pixels(images, 1), shuffle_pixels(images, 1))
    assert (shuffle_pixels(images, 1) != shuffle_pixels(images, 2)).any()
    # The order of an image does not depend on the other images.
    assert_array_equal(shuffle_pixels(images, 1)[:2], shuffle_pixels(images[:2], 1))
