"""UnpairedImages: order, views and pixels of the batches."""

import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from unpaired import make_data


def find_rows(batches, k, images):
    """Return the row of each image in the batches of a class."""
    pixels = torch.cat([pair[k] for pair in batches])
    scaled = torch.from_numpy(images[k])[:, None].float() / 255 * 2 - 1
    same = (pixels[:, None] - scaled[None]).abs().amax((2, 3, 4)) < 1e-6
    assert (same.sum(1) == 1).all()
    return same.float().argmax(1).tolist()


def test_an_epoch_has_each_image_of_the_larger_class():
    images, data = make_data()
    batches = list(data.batches(0))
    assert data.n_steps == len(batches) == 4
    assert all(len(part) == 2 for pair in batches for part in pair)
    larger = find_rows(batches, 1, images)
    assert sorted(larger[:7]) == list(range(7))
    smaller = find_rows(batches, 0, images)
    # Each shuffle has each image once.
    assert sorted(smaller[:3]) == sorted(smaller[3:6]) == [0, 1, 2]


def test_the_order_depends_on_the_seed_and_the_epoch():
    images, data = make_data()
    _, other = make_data(seed=1)
    orders = [
        find_rows(part.batches(epoch), 1, images)
        for part, epoch in ((data, 0), (data, 0), (data, 1), (other, 0))
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0] != orders[3]


def test_repeated_images_have_different_views():
    _, data = make_data(n=(1, 6), batch_size=1, augmentation=Augmentation(noise=0.1))
    views = [pair[0] for epoch in (0, 1) for pair in data.batches(epoch)]
    assert len({view.sum().item() for view in views}) == 12
    again = [pair[0] for pair in data.batches(0)]
    assert all(map(torch.equal, views, again))


def test_rows_without_repeats_are_not_augmented():
    images, data = make_data(augmentation=Augmentation(noise=0.1))
    pixels = data.take(0, np.arange(3))
    expected = torch.from_numpy(images[0])[:, None].float() / 127.5 - 1
    torch.testing.assert_close(pixels, expected)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_type_of_the_stored_pixels_is_known(batch_size):
    assert make_data(batch_size=batch_size)[1].dtype == np.uint8
