import math

import numpy as np
import pytest

from cxrclf.audit._copy_geometry import measure_geometry


def rotate(degrees, size):
    """Map of a rotation of an image of (height, width) pixels."""
    height, width = size
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array(
        [[cosine, -sine * height / width, 0], [sine * width / height, cosine, 0]]
    )


def test_rotation_of_an_image_that_is_no_square():
    geometry = measure_geometry(rotate(4, (300, 500)), (300, 500), (300, 500))
    assert geometry.angle == pytest.approx(4)
    np.testing.assert_allclose(geometry.scale, 1)
    assert geometry.is_same_field
    assert not geometry.is_crop
    assert not geometry.is_flipped


def test_crop():
    # 10 % are lost at the left, and 5 % at the lower side.
    affine = np.array([[0.9, 0, 0.1], [0, 0.95, -0.05]])
    geometry = measure_geometry(affine, (200, 100), (190, 90))
    np.testing.assert_allclose(geometry.lost, [[0.1, 0], [0, 0.05]], atol=1e-12)
    np.testing.assert_allclose(geometry.scale, 1)
    assert geometry.is_crop
    assert not geometry.is_same_field
    # Each image has a part that the other image lacks.
    shifted = measure_geometry([[1, 0, 0.1], [0, 1, 0]], (100, 100), (100, 100))
    np.testing.assert_allclose(shifted.lost, [[0.05, -0.05], [0, 0]], atol=1e-12)
    assert not shifted.is_crop


def test_flipped_copy_of_another_size():
    affine = np.array([[-1.0, 0, 0], [0, 1, 0]])
    geometry = measure_geometry(affine, (100, 100), (50, 80))
    assert geometry.is_flipped
    assert geometry.is_same_field
    assert geometry.angle == 0
    np.testing.assert_allclose(geometry.scale, [1.25, 2])
    np.testing.assert_allclose(affine[0], [-1, 0, 0])  # the input is not changed
