"""Channels of images, and networks that do not accept them."""

import pytest

from cxrclf._estimators.channels import check_channels, count_channels, has_color


@pytest.mark.parametrize(
    ("shape", "channels", "color"),
    [
        (None, 3, False),
        ((8, 9), 3, False),
        ((8, 9, 1), 3, False),
        ((8, 9, 3), 3, True),
        ((8, 9, 4), 4, True),
        ((1, 1, 20), 20, True),
    ],
)
def test_channels(shape, channels, color):
    assert count_channels(shape) == channels
    assert has_color(shape) == color
    check_channels(shape, channels, "Net")


@pytest.mark.parametrize(
    ("shape", "n_channels", "message"),
    [
        (None, 4, "image files, which are gray, but this Net .* 4 channels"),
        ((1, 1, 20), 3, r"rows of 20 values.* X\[None\] for a single image"),
        ((8, 9, 4), 3, r"of 3 channels.*X\[..., :3\] has no alpha channel"),
        ((8, 9, 2), 3, r"Pass gray images as an \(n, H, W\) array, or 3 channels\."),
        ((8, 9), 4, r"of 4 channels. Pass an \(n, H, W, 4\) array"),
    ],
)
def test_other_channels(shape, n_channels, message):
    with pytest.raises(ValueError, match=message):
        check_channels(shape, n_channels, "Net")
