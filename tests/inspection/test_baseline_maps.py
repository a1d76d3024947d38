"""Maps that do not depend on a classifier."""

import numpy as np
import pytest
from scipy import ndimage

from cxrclf.inspection import baseline_maps


def test_uniform_maps():
    maps = baseline_maps(np.zeros((2, 4, 6, 3), np.uint8), "uniform")
    assert maps.dtype == np.float32
    np.testing.assert_array_equal(maps, np.ones((2, 4, 6)))


def test_center_is_a_gaussian_of_a_quarter_of_each_side():
    maps = baseline_maps(np.zeros((2, 41, 81)), "center")
    assert maps.dtype == np.float32
    assert maps[1, 20, 40] == maps.max() == 1
    # One standard deviation below the center, and two to the right of it.
    assert maps[0, 20 + 10, 40] == pytest.approx(np.exp(-((10 / 41 / 0.25) ** 2) / 2))
    assert maps[0, 20, 80] == pytest.approx(np.exp(-((40 / 81 / 0.25) ** 2) / 2))
    np.testing.assert_allclose(maps[0], maps[0, ::-1, ::-1], rtol=1e-5)


def test_edges_are_the_gradient_of_the_filtered_image(lungs):
    image = lungs.images[0]
    found = baseline_maps(lungs.images, "edges")[0]
    gray = image.astype(float) if image.ndim == 2 else image.mean(-1)
    # Central differences of the filtered image come close to derivatives of the filter.
    smooth = ndimage.gaussian_filter(gray, 1, mode="nearest")
    rows, columns = np.gradient(smooth)
    expected = np.hypot(rows, columns)
    inner = slice(2, -2), slice(2, -2)
    correlation = np.corrcoef(found[inner].ravel(), expected[inner].ravel())[0, 1]
    assert correlation > 0.98


def test_edges_of_a_step_are_at_the_step():
    image = np.zeros((1, 20, 20), bool)
    image[:, :, 10:] = True
    maps = baseline_maps(image, "edges")
    assert set(maps[0].argmax(1)) <= {9, 10}
    assert maps[0, :, :4].max() < 1e-3


def test_channels_are_averaged():
    gray = np.random.default_rng(0).random((2, 8, 8))
    colors = np.stack([gray, gray * 2, gray * 3], -1) / 2
    expected = baseline_maps(gray, "edges")
    np.testing.assert_allclose(baseline_maps(colors, "edges"), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        (np.zeros((2, 4, 4)), "edge", "kind must be .* got 'edge'"),
        (np.zeros((2, 3, 4, 4)), "edges", r"shape \(2, 3, 4, 4\)"),
        (np.zeros((4, 4)), "uniform", r"shape \(4, 4\)"),
        (["a.png", "b.png"], "uniform", "ImageReader"),
    ],
)
def test_bad_input(images, kind, message):
    with pytest.raises(ValueError, match=message):
        baseline_maps(images, kind)
