import numpy as np
import pytest

from cxrclf.audit._thumbnails import make_thumbnails
from cxrclf.images import ArrayImages


def test_gray_levels_of_integers():
    image = np.zeros((2, 256, 256), np.uint16)
    image[0, :, 128:] = 65535
    image[1] = 6553
    thumbnails = make_thumbnails(ArrayImages(image))
    assert thumbnails.pixels.shape == (2, 128, 128)
    assert thumbnails.low[0] == 0
    assert thumbnails.high[0] == 1
    assert thumbnails.low[1] == thumbnails.high[1] == pytest.approx(0.1, abs=1e-4)
    gray = thumbnails.get_gray([0, 1])
    np.testing.assert_allclose(gray[0, :, [0, 127]], [[0] * 128, [1] * 128])
    np.testing.assert_allclose(gray[1], 0.1, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint16, np.int64])
def test_gray_levels_of_12_bits(dtype):
    image = np.tile(np.linspace(0, 4000, 128), (1, 128, 1)).astype(dtype)
    thumbnails = make_thumbnails(ArrayImages(image))
    assert thumbnails.high[0] == pytest.approx(4000 / 4095)
    gray = thumbnails.get_gray([0])
    np.testing.assert_allclose(gray, image / 4095, atol=0.51 / 255)


def test_channels_are_averaged_and_large_floats_scaled():
    image = np.zeros((1, 128, 128, 3))
    image[..., 0] = np.linspace(0, 300, 128)
    thumbnails = make_thumbnails(ArrayImages(image))
    assert thumbnails.high[0] == 1
    np.testing.assert_allclose(
        thumbnails.get_gray([0])[0, 5], np.linspace(0, 1, 128), atol=0.003
    )


def test_progress(capsys):
    make_thumbnails(ArrayImages(np.zeros((3, 4, 4), np.uint8)), verbose=1)
    assert "3/3" in capsys.readouterr().err
