"""The healthy chest of one synthetic patient."""

import numpy as np
import pytest
from scipy.ndimage import label

from cxrclf.datasets._anatomy import Anatomy
from cxrclf.datasets._body_grid import BodyGrid, Pose

GRID = BodyGrid((96, 96), Pose(0, 1, 1, 0, 0))


@pytest.mark.parametrize("seed", range(5))
def test_a_shadow_has_two_lungs_between_air_and_heart(seed):
    anatomy = Anatomy(np.random.default_rng(seed))
    shadow = anatomy.shadow(GRID)
    for part in shadow[:3]:
        assert part.shape == (96, 96)
        assert np.isfinite(part).all()
    _, n_lungs = label(shadow.lungs)
    assert n_lungs == 2
    assert not shadow.lungs[:, 47:49].any()  # the midline
    assert shadow.depth.min() >= -1e-6
    assert shadow.depth[~shadow.lungs].max() < shadow.depth[shadow.lungs].mean()
    body = shadow.attenuation[40:60, 20:76].mean()
    assert shadow.attenuation[shadow.lungs].mean() < body


@pytest.mark.parametrize("side", [-1, 1])
def test_points_of_the_lungs_lie_in_them(side):
    anatomy = Anatomy(np.random.default_rng(3))
    lungs = anatomy.shadow(GRID).lungs
    for across in (0.3, 0.5, 0.7):
        for down in (0.3, 0.5, 0.7):
            x, y = anatomy.lung_point(side, across, down)
            column, row = GRID.to_pixels(x, y)
            assert np.sign(x) == side
            assert lungs[int(row), int(column)]


def test_the_generator_decides():
    one, same, other = (
        Anatomy(np.random.default_rng(seed)).shadow(GRID).attenuation
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01
