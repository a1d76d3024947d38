import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.exposure import rescale_intensity

from cxrclf.datasets import make_chest_radiographs
from cxrclf.preprocessing import IntensityNormalizer


@pytest.fixture(scope="module")
def dull():
    return make_chest_radiographs(4, image_size=60, random_state=0).images // 2 + 40


def rescaled(image, low, high):
    limits = np.percentile(image, [low, high])
    return rescale_intensity(image, in_range=tuple(limits), out_range=(0.0, 1.0))


@pytest.mark.parametrize(("low", "high"), [(1, 99), (0, 100), (0.5, 97.5)])
def test_against_scikit_image(dull, low, high):
    expected = np.stack([rescaled(image / 255, low, high) for image in dull])
    normalizer = IntensityNormalizer(low=low, high=high)
    assert_allclose(normalizer.fit_transform(dull / 255), expected, atol=1e-12)
    single = normalizer.transform((dull / 255).astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, expected, atol=1e-5)
    # Integers are rounded: half a level of the exact value.
    assert_allclose(normalizer.transform(dull) / 255, expected, atol=0.5001 / 255)
    deep = dull * np.uint16(257)
    assert normalizer.transform(deep).dtype == np.uint16
    assert_allclose(normalizer.transform(deep) / 65535, expected, atol=0.5001 / 65535)


def test_brightness_and_contrast_of_the_scanner_are_gone(dull):
    pixels = dull / 255
    out = IntensityNormalizer().fit_transform(pixels)
    assert_allclose(
        IntensityNormalizer().transform(0.6 * pixels + 0.2), out, atol=1e-12
    )
    assert (out.min(axis=(1, 2)) == 0).all()
    assert (out.max(axis=(1, 2)) == 1).all()


def test_each_image_by_itself(dull):
    out = IntensityNormalizer().fit_transform(dull)
    for i in range(len(dull)):
        assert_array_equal(IntensityNormalizer().transform(dull[i : i + 1])[0], out[i])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, float])
def test_images_with_nothing_to_stretch_stay(dtype):
    X = np.zeros((3, 20, 20), dtype=dtype)
    X[1] = 1
    X[2, 0, 0] = 1  # one pixel in 400: both percentiles are 0
    assert_array_equal(IntensityNormalizer().fit_transform(X), X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"low": 60, "high": 40}, "low must be below high"),
        ({"low": 50, "high": 50}, "low must be below high"),
        ({"low": -1}, "low"),
        ({"high": 101}, "high"),
    ],
)
def test_bad_parameters_of_the_range(dull, parameters, message):
    with pytest.raises(ValueError, match=message):
        IntensityNormalizer(**parameters).fit(dull)
