"""Maps of cropped images in the whole images."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.inspection._boxes import place_in_box


def test_a_map_is_resized_into_its_box():
    values = np.random.default_rng(0).random((4, 6)).astype(np.float32)
    found = place_in_box(values, np.array([0.25, 0.75, 0.5, 1.0]), (32, 24))
    resized = Image.fromarray(values).resize((12, 16), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found[8:24, 12:], np.asarray(resized), atol=1e-6)
    found[8:24, 12:] = 0
    assert not found.any()


def test_numbers_are_not_blended():
    values = np.array([[5, 700], [0, 3]])
    found = place_in_box(values, np.array([0, 0.5, 0, 1]), (8, 4), outside=-1)
    expected = np.full((8, 4), -1)
    expected[:4] = np.repeat(np.repeat(values, 2, 0), 2, 1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "box", [(0, 1, 0, 1), (0.5, 0.501, 0.2, 0.201), (0.999, 1, 0.999, 1)]
)
def test_every_box_has_a_pixel(box):
    found = place_in_box(np.ones((3, 5, 5)), np.array(box), (10, 10))
    assert found.shape == (3, 10, 10)
    assert (found.sum((1, 2)) >= 1).all()
