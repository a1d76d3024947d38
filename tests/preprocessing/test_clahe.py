import sys

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.exposure import equalize_adapthist

from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import MissingDependencyError
from cxrclf.preprocessing import CLAHE


@pytest.fixture(scope="module")
def films():
    return make_chest_radiographs(3, image_size=(128, 160), random_state=0).images


def test_against_opencv(films):
    out = CLAHE(3.0, tile_grid=(4, 5)).fit_transform(films)
    reference = cv2.createCLAHE(3.0, (5, 4))  # columns first
    assert_array_equal(out, [reference.apply(image) for image in films])


def test_against_scikit_image(films):
    """Another implementation of the same method.

    It shares out what is clipped in a different way, and spreads intensities from the
    darkest to the brightest pixel of the image rather than from black to white, so
    only the pattern is the same.
    """
    out = CLAHE(2.0, tile_grid=(4, 5)).fit_transform(films)
    for image, equalised in zip(films, out, strict=True):
        other = equalize_adapthist(image, kernel_size=(32, 32), clip_limit=2 / 256)
        assert np.corrcoef(other.ravel(), equalised.ravel())[0, 1] > 0.98
        assert np.abs(other - equalised / 255).mean() < 0.06


def test_the_type_does_not_matter(films):
    out = CLAHE().fit_transform(films)
    deep = CLAHE().transform(films * np.uint16(257))
    assert deep.dtype == np.uint16
    assert_array_equal(deep, out * np.uint16(257))
    for dtype in (np.float32, np.float64):
        floats = CLAHE().transform((films / 255).astype(dtype))
        assert floats.dtype == dtype
        assert_allclose(floats, out / 255, atol=1e-7)


def test_the_limit_bounds_the_contrast(films):
    dull = films // 4 + 90
    contrast = [CLAHE(limit).fit_transform(dull).std() for limit in (1, 2, 4, 8)]
    assert (np.diff([dull.std(), *contrast]) > 0).all()


def test_one_colour_stays_one_colour():
    flat = np.full((1, 64, 64), 90, dtype=np.uint8)
    assert len(np.unique(CLAHE().fit_transform(flat))) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"clip_limit": 0}, "clip_limit"),
        ({"tile_grid": 0}, "tile_grid"),
        ({"tile_grid": (4, 0)}, "tile_grid"),
        ({"tile_grid": (129, 1)}, "Take fewer tiles"),
    ],
)
def test_bad_parameters_of_the_tiles(films, parameters, message):
    with pytest.raises(ValueError, match=message):
        CLAHE(**parameters).fit(films)


def test_more_tiles_than_pixels_of_files():
    with pytest.raises(ValueError, match="image of 4×4 pixels"):
        CLAHE(image_size=4).fit(["scan.png"])


def test_without_opencv(films, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match=r"cxrclf\[preprocessing\]"):
        CLAHE().fit(films)
