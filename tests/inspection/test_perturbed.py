"""Fills, hidden pixels and windows."""

import numpy as np
import pytest
import torch
from skimage.filters import gaussian

from cxrclf.inspection._perturbed import fill_image, hide, windows

IMAGE = torch.from_numpy(np.random.default_rng(0).random((2, 12, 10)))


def test_fills():
    mean = fill_image(IMAGE, "mean").numpy()
    assert mean.shape == IMAGE.shape
    for channel, expected in zip(mean, IMAGE.numpy(), strict=True):
        np.testing.assert_allclose(channel, expected.mean())
    assert (fill_image(IMAGE, 0.25) == 0.25).all()
    blurred = fill_image(IMAGE, "blur").numpy()
    expected = gaussian(IMAGE.numpy(), 0.5, mode="reflect", channel_axis=0)
    # scipy's "reflect" is scikit-image's "reflect" here: both pass it to ndimage.
    np.testing.assert_allclose(blurred, expected, atol=1e-6)


def test_hidden_pixels_are_filled():
    visible = torch.rand(3, 12, 10, generator=torch.Generator().manual_seed(0)) < 0.5
    filled = torch.zeros_like(IMAGE)
    found = hide(IMAGE, filled, visible).numpy()
    expected = IMAGE.numpy()[None] * visible.numpy()[:, None]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [(32, 32), (31, 20), (5, 40), (1, 1)])
@pytest.mark.parametrize(
    ("window", "stride"), [(0.15, 0.075), (1, 1), (0.3, 0.3), (0.01, 0.01)]
)
def test_windows_cover_the_image_and_stay_inside(size, window, stride):
    count = np.zeros(size, int)
    boxes = windows(size, window, stride)
    side = max(1, round(window * min(size)))
    for top, bottom, left, right in boxes:
        assert (bottom - top, right - left) == (min(side, size[0]), min(side, size[1]))
        count[top:bottom, left:right] += 1
    assert count.min() >= 1
    assert len(np.unique(boxes, axis=0)) == len(boxes)
