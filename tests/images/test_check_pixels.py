"""Layouts, types and ranges of pixels that are refused or warned of."""

import numpy as np
import pytest
import torch
from PIL import Image

from cxrclf.exceptions import PixelRangeWarning
from cxrclf.images._check_pixels import (
    check_layout,
    check_values,
    used_bits,
    warn_of_color,
    warn_of_flat_rows,
    warn_of_opacity,
    warn_of_range,
)

# Layouts


@pytest.mark.parametrize(
    "shape",
    [
        (5, 64, 64),
        (5, 3, 64),
        (5, 4, 5),
        (1, 512, 512),
        (5, 512, 1),
        (5, 64, 48, 1),
        (5, 64, 48, 2),
        (5, 64, 48, 3),
        (5, 64, 48, 4),
        (5, 64, 48, 7),
        (5, 2, 2, 3),
        (5, 1, 1, 512),
        (5, 1, 64, 3),
    ],
)
def test_images_with_the_channels_last(shape):
    check_layout(shape)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_first(channels):
    with pytest.raises(ValueError, match=r"channels first.*np.moveaxis\(X, 1, -1\)"):
        check_layout((5, channels, 64, 48))


def test_the_remedy_for_a_tensor():
    with pytest.raises(ValueError, match=r"pass X.movedim\(1, -1\)"):
        check_layout((5, 3, 64, 48), tensor=True)
    assert torch.zeros(5, 3, 64, 48).movedim(1, -1).shape == (5, 64, 48, 3)


def test_the_remedies_for_channels_first_are_right():
    gray = np.random.default_rng(0).random((5, 64, 48))
    first = np.stack([gray, gray, gray], axis=1)
    last = np.moveaxis(first, 1, -1)
    check_layout(last.shape)
    np.testing.assert_array_equal(last[..., 2], gray)
    with pytest.raises(ValueError, match=r"gray images as X\[:, 0\]"):
        check_layout(gray[:, None].shape)
    np.testing.assert_array_equal(gray[:, None][:, 0], gray)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [8, 512])
def test_one_image_with_channels(n, channels):
    with pytest.raises(ValueError, match=r"one image.*Pass .* as image\[None\]"):
        check_layout((n, 512, channels))


@pytest.mark.parametrize("shape", [(5, 16, 64, 64), (2, 64, 64, 64), (1, 9, 512, 400)])
def test_volumes(shape):
    with pytest.raises(ValueError, match="Pass each slice or frame as an image"):
        check_layout(shape)


# Types


@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "i2", "i8", "f2", "f4", "f8"])
def test_types_of_pixels(dtype):
    check_values(np.zeros((2, 3, 3), dtype))


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8"])
def test_negative_integers(dtype):
    X = np.zeros((2, 3, 3), dtype)
    X[1, 2, 2] = -1
    with pytest.raises(ValueError, match="negative integers, from -1 to 0"):
        check_values(X)


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "V4"])
def test_values_that_are_no_brightnesses(dtype):
    with pytest.raises(ValueError, match="Pass pixels as bool, integers, or floats"):
        check_values(np.zeros((2, 3, 3), dtype))


# Flat rows


@pytest.mark.parametrize(
    ("n_values", "message"),
    [(784, r"784 channels.*such as \(28, 28\)"), (800, r"to their shape\.$")],
)
def test_flat_rows_that_may_be_images(n_values, message):
    with pytest.warns(UserWarning, match=message):
        warn_of_flat_rows(n_values)


def test_a_few_features_are_no_image(recwarn):
    warn_of_flat_rows(20)
    assert not recwarn.list


# The range


def images(dtype, *values):
    """Three images. One of them is black, and two hold the values and zeros."""
    X = np.zeros((3, 3, 3), dtype)
    X[1].flat[: len(values)] = X[2].flat[: len(values)] = values
    return X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (images("f8", 1.5), r"from 0 to 1\.5\. Divide 8-bit pixels by 255"),
        (images("f4", -0.1), r"from -0\.1 to 0\. Map them to"),
        (images("f4", 300), r"from 0 to 300\. Map them to"),
        (images("f8", 4095 / 65535), "Divide 12-bit pixels by 4095, and not by 65535"),
        (images("f2", 255), "from 0 to 255"),
        (images("f8", 1 / 255), "Divide 8-bit pixels by 255 once, not twice"),
        (images("u1", 1), "Pass pixels in .0, 1. as floats, and masks as bool"),
        (images("i1", 1), "reach only 1"),
        (images("u2", 255), "Set bits_stored=8 .* or pass them as uint8"),
        (images("u2", 1023), "Set bits_stored=10"),
        (images("u2", 4095), "reach only 4095.*Set bits_stored=12"),
        (images(">u2", 2049), "Set bits_stored=12"),
        (images("u2", 16383), "Set bits_stored=14"),
        (images("i2", 4095), "divided by 32767.*Set bits_stored=12"),
        (images("i4", 65535), "Set bits_stored=16"),
        (images("i8", 255), "Set bits_stored=8"),
    ],
)
def test_pixels_out_of_range_warn(X, message):
    with pytest.warns(PixelRangeWarning, match=message) as caught:
        warn_of_range(X)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "X",
    [
        images("f8", 1),
        images("f8", 0.0),
        images("f4", 0.07),
        images("u1", 0),
        images("u1", 2),
        images("u2", 0),
        images("u2", 16384),
        images("i2", 8192),
        images("?", 1),
        np.r_[images("u2", 4095), np.full((3, 3, 3), 65535, "u2")],
    ],
)
def test_other_pixels_do_not_warn(X, recwarn):
    warn_of_range(X)
    assert not recwarn.list


@pytest.mark.parametrize("bright", [0, 1, 40])
def test_a_few_bright_images_do_not_hide_the_others(bright):
    X = np.full((100, 3, 3), 4012, "u2")
    X[:bright] = 65535
    with pytest.warns(PixelRangeWarning, match="reach only 4012.*bits_stored=12"):
        warn_of_range(X)


def test_opacity(recwarn):
    gray = np.random.default_rng(0).integers(0, 255, (5, 4, 4, 1), dtype=np.uint8)
    full = np.full_like(gray, 255)
    for channels in (1, 3):
        color = np.repeat(gray, channels, axis=-1)
        with pytest.warns(UserWarning, match=rf"Pass X\[..., :{channels}\]"):
            warn_of_opacity(np.concatenate([color, full], axis=-1))
        with pytest.warns(UserWarning, match="probably the opacity"):
            warn_of_opacity(np.concatenate([color, full], axis=-1) / 255)
        warn_of_opacity(np.concatenate([color, gray], axis=-1))
        warn_of_opacity(color)
    assert not recwarn.list


def test_the_remedy_for_colors():
    colors = np.random.default_rng(0).integers(0, 255, (9, 4, 4, 3), dtype=np.uint8)
    with pytest.warns(UserWarning, match="to gray: (.*)\\.$") as caught:
        warn_of_color(colors)
    cure = str(caught[0].message).rpartition("to gray: ")[2].rstrip(".")
    gray = eval(cure, {"X": colors, "np": np})
    assert gray.dtype == np.uint8
    images = [Image.fromarray(image).convert("L") for image in colors]
    luma = np.stack([np.asarray(image) for image in images])
    np.testing.assert_allclose(gray.astype(int), luma, atol=1)
    with pytest.warns(UserWarning, match=r"to gray: X @ \["):
        warn_of_color(colors / 255)


def test_bits_are_rounded_up_to_even_numbers():
    highest = [0, 1, 255, 256, 1023, 1024, 4095, 4096, 16383, 16384, 65535]
    bits = [8, 8, 8, 10, 10, 12, 12, 14, 14, 16, 16]
    assert [used_bits(value) for value in highest] == bits
    assert used_bits(np.uint16(4095)) == 12
