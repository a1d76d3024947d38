"""Features of parts of images, against plain NumPy and SciPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import convolve

from cxrclf.audit._pixel_features import (
    border_features,
    corner_features,
    histogram_features,
    outside_features,
    shape_features,
    show_border,
    show_corners,
    show_histogram,
    show_thumbnail,
    thumbnail_features,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 128, 128), np.uint8)
BORDER = np.ones((128, 128), bool)
BORDER[8:-8, 8:-8] = False  # 128 / 16
CORNERS = np.zeros((128, 128), bool)
for _rows in (slice(0, 26), slice(-26, None)):  # 128 / 5
    CORNERS[_rows, :26] = CORNERS[_rows, -26:] = True
SEEN = {border_features: BORDER, corner_features: CORNERS}


@pytest.mark.parametrize("features", SEEN)
def test_only_their_part_of_an_image_counts(features):
    before = features(IMAGES)
    inverted = 255 - IMAGES
    assert_array_equal(before, features(np.where(SEEN[features], IMAGES, inverted)))
    assert (before != features(np.where(SEEN[features], inverted, IMAGES))).any(1).all()


def describe(patch):
    values = patch / 255
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    noise = np.median(np.abs(convolve(values, kernel, mode="reflect")))
    return [
        values.mean(),
        values.std(),
        noise,
        *(np.quantile(values, q) for q in (0, 0.05, 0.5, 0.95, 1)),
        np.mean(values < 0.02),
        np.mean(values > 0.9),
    ]


def test_statistics_are_those_of_numpy():
    top = border_features(IMAGES)[:, 8:18]
    assert_allclose(top, [describe(image[:8]) for image in IMAGES], atol=1e-6)
    left = border_features(IMAGES)[:, 2 * 18 + 8 : 3 * 18]
    assert_allclose(left, [describe(image[:, :8].T) for image in IMAGES], atol=1e-6)
    corner = corner_features(IMAGES)[:, -10:]
    expected = [describe(image[-26:, -26:]) for image in IMAGES]
    assert_allclose(corner, expected, atol=1e-6)


def test_many_images_are_described_as_few(monkeypatch):
    expected = corner_features(IMAGES)
    monkeypatch.setattr("cxrclf.audit._pixel_features._CHUNK", 2)
    assert_array_equal(corner_features(IMAGES), expected)


def test_thumbnails_have_triangular_weights():
    """A pixel of a thumbnail is a weighted mean of the pixels around its center."""
    centers, places = np.arange(8) + 0.5, (np.arange(128) + 0.5) / 16
    weights = np.clip(1 - np.abs(places - centers[:, None]), 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    expected = weights @ IMAGES.astype(float) @ weights.T
    thumbnails = thumbnail_features(IMAGES).reshape(3, 8, 8)
    assert_allclose(255 * thumbnails, expected, atol=1.01)  # rounded twice
    assert_allclose(show_thumbnail(IMAGES[0]), expected[0], atol=1.01)


def test_histograms_are_those_of_numpy():
    expected = [np.histogram(image, 32, (0, 256))[0] / image.size for image in IMAGES]
    assert_allclose(histogram_features(IMAGES), expected, atol=1e-7)


def test_statistics_outside_of_masks_are_those_of_numpy():
    inside = ~CORNERS & ~BORDER
    images = np.where(inside, 90, IMAGES // 2).astype(np.uint8)
    features = outside_features(images, np.stack([inside] * 3))
    assert_array_equal(features[:, :64], thumbnail_features(images))
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for row, image in zip(features[:, 64:], images / 255, strict=True):
        seen = image[~inside]
        noise = np.abs(convolve(image, kernel, mode="reflect"))[~inside]
        levels = (0.05, 0.25, 0.5, 0.75, 0.95)
        expected = [
            seen.mean(),
            seen.std(),
            np.median(noise),
            *np.quantile(seen, levels),
            *np.quantile(seen[seen > 0.08], levels),
            np.mean(seen < 0.02),
            np.mean(seen > 0.9),
        ]
        assert_allclose(row, expected, atol=1e-6)


def test_images_without_outside_have_features():
    features = outside_features(IMAGES * 0, np.ones(IMAGES.shape, bool))
    assert_array_equal(features, np.zeros((3, 64 + 15)))
    black = outside_features(IMAGES * 0, np.zeros(IMAGES.shape, bool))
    assert_array_equal(black[:, 64:], [[0] * 13 + [1, 0]] * 3)


def test_pictures_show_what_the_probes_see():
    image = IMAGES[0]
    assert_array_equal(show_border(image), np.where(BORDER, image, 128))
    assert_array_equal(show_corners(image), np.where(CORNERS, image, 128))
    bars = show_histogram(np.repeat([[0], [255]], (24, 8), axis=0).astype(np.uint8))
    dark = bars == 60
    assert dark[:, :3].all()  # the highest bar
    assert dark[:, -4:-1].sum(axis=0).tolist() == [43] * 3  # a third of 128
    assert dark.sum() == 3 * (128 + 43)


@pytest.mark.parametrize("shape", [(5, 5), (40, 17)])
def test_small_images_have_features(shape):
    images = np.zeros((2, *shape), np.uint8)
    for features in (*SEEN, thumbnail_features, histogram_features, shape_features):
        assert np.isfinite(features(images)).all()
