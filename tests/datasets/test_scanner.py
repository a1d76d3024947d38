"""From the shadow of a chest to an 8-bit radiograph."""

import numpy as np
import pytest

from cxrclf.datasets._scanner import draw_pose, expose


def shadow(height=64, width=64):
    rows, columns = np.mgrid[:height, :width]
    return np.exp(
        -((rows / height - 0.5) ** 2 + (columns / width - 0.5) ** 2) * 6
    ).astype(np.float32)


@pytest.mark.parametrize("size", [(64, 64), (48, 80)])
def test_pixels_are_8_bits_and_bright_where_much_is_absorbed(size):
    image = expose(shadow(*size), np.random.default_rng(0))
    assert image.dtype == np.uint8
    assert image.shape == size
    middle = image[size[0] // 3 : -size[0] // 3, size[1] // 3 : -size[1] // 3]
    assert middle.mean() > image.mean() + 20


def test_the_generator_decides():
    one, same, other = (
        expose(shadow(), np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_more_attenuation_as_a_whole_does_not_change_the_image():
    one, other = (
        expose(factor * shadow(), np.random.default_rng(0)).astype(int)
        for factor in (1, 3)
    )
    assert np.abs(one - other).max() <= 1  # single precision, then 8 bits


def test_poses_are_within_their_limits():
    rng = np.random.default_rng(0)
    poses = np.array([draw_pose(rng) for _ in range(200)])
    low = [-0.08, 0.86, 0.86 * 0.93, -0.12, -0.12]
    high = [0.08, 1.14, 1.14 * 1.07, 0.12, 0.12]
    assert (poses >= low).all()
    assert (poses <= high).all()
    assert (np.ptp(poses, axis=0) > 0.8 * np.subtract(high, low)).all()
