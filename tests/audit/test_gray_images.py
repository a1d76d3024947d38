import numpy as np
import pytest
from PIL import Image

from cxrclf.audit._gray_images import load_gray
from cxrclf.images import resize

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 20, 30), np.uint8)


def test_files_and_arrays_have_the_same_levels(tmp_path):
    paths = []
    for number, pixels in enumerate(PIXELS):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    from_files = load_gray(paths, (10, 10))
    from_arrays = load_gray(PIXELS, (10, 10))
    assert from_files.shape == from_arrays.shape == (3, 10, 10)
    assert from_files.dtype == np.float32
    # Pillow rounds files to integers twice: after it resizes columns, and rows.
    np.testing.assert_allclose(from_files, from_arrays, atol=1.01 / 255)


def test_levels_are_fractions_of_the_range():
    gray = load_gray(PIXELS, (20, 30))
    np.testing.assert_allclose(gray, PIXELS / 255, atol=1e-7)
    sixteen = load_gray(PIXELS.astype(np.uint16) * 257, (20, 30))
    np.testing.assert_allclose(sixteen, gray, atol=1e-6)


def test_channels_are_averaged():
    color = np.random.default_rng(1).random((2, 8, 8, 3))
    gray = load_gray(color, (4, 4))
    expected = [resize(image.mean(axis=-1), (4, 4)) for image in color]
    np.testing.assert_allclose(gray, expected, atol=1e-6)


@pytest.mark.parametrize("n", [1, 1500])
def test_any_number_of_images(n):
    values = np.linspace(0, 1, n)
    gray = load_gray(np.tile(values[:, None, None], (1, 4, 4)), (2, 2))
    np.testing.assert_allclose(gray[:, 0, 0], values, atol=1e-6)
