"""ImagePool: stored images, and exchanged ones."""

import numpy as np
import torch

from cxrclf.generation._image_pool import ImagePool


def numbered(*numbers):
    return torch.tensor(numbers, dtype=torch.float32)[:, None, None, None]


def plain_pool(size, images, rng):
    """Exchange one image after the other, as in the published code."""
    stored, returned = [], []
    for image in images:
        if len(stored) < size:
            stored.append(image)
            returned.append(image)
        elif rng.random() < 0.5:
            place = rng.integers(size)
            returned.append(stored[place])
            stored[place] = image
        else:
            returned.append(image)
    return returned, stored


def test_images_are_exchanged_as_in_the_published_pool():
    pool = ImagePool(5, (1, 1, 1))
    rng = np.random.default_rng(0)
    returned = [
        float(image)
        for start in range(0, 60, 2)
        for image in pool.exchange(numbered(start, start + 1), start, rng)
    ]
    expected, stored = plain_pool(5, range(60), np.random.default_rng(0))
    assert returned == expected
    assert pool.images.flatten().tolist() == stored
    assert returned[:5] == [0, 1, 2, 3, 4]
    n_old = sum(value != k for k, value in enumerate(returned))
    assert 15 < n_old < 40  # about half of 55


def test_a_pool_of_size_zero_returns_the_present_images():
    pool = ImagePool(0, (1, 1, 1))
    images = numbered(1, 2)
    assert torch.equal(pool.exchange(images, 0, np.random.default_rng(0)), images)


def test_the_given_images_are_not_changed():
    pool = ImagePool(1, (1, 1, 1))
    images = numbered(*range(20))
    pool.exchange(images, 0, np.random.default_rng(0))
    assert torch.equal(images, numbered(*range(20)))
