"""Where each pixel of a synthetic radiograph lies in the body."""

import numpy as np
import pytest

from cxrclf.datasets._body_grid import NODES, BodyGrid, Pose

NEUTRAL = Pose(0, 1, 1, 0, 0)
TURNED = Pose(0.1, 0.9, 1.1, 0.05, -0.08)


def test_the_shorter_side_spans_minus_1_to_1():
    grid = BodyGrid((4, 8), NEUTRAL)
    np.testing.assert_allclose(grid.y[:, 0], [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_allclose(grid.x[0], np.arange(-1.75, 2, 0.5))
    assert grid.pixel == 0.5


@pytest.mark.parametrize("pose", [NEUTRAL, TURNED])
@pytest.mark.parametrize("size", [(40, 40), (30, 50)])
def test_pixels_and_body_coordinates_are_inverse(pose, size):
    grid = BodyGrid(size, pose)
    columns, rows = grid.to_pixels(grid.x, grid.y)
    # Coordinates are of single precision.
    np.testing.assert_allclose(rows - 0.5, np.indices(size)[0], atol=1e-4)
    np.testing.assert_allclose(columns - 0.5, np.indices(size)[1], atol=1e-4)


def test_functions_are_looked_up_at_the_pixels():
    grid = BodyGrid((50, 60), TURNED)
    step = NODES[1] - NODES[0]
    np.testing.assert_allclose(grid.along_x(NODES), grid.x, atol=step)
    np.testing.assert_allclose(grid.along_y(NODES), grid.y, atol=step)
    sides = grid.along_y_by_side(-np.ones_like(NODES), np.ones_like(NODES))
    np.testing.assert_array_equal(sides, np.where(grid.x > 0, 1, -1))


def test_a_window_holds_all_pixels_within_the_radius():
    grid = BodyGrid((50, 60), TURNED)
    for x, y in [(0, 0), (0.7, -0.6), (-1.2, 0.9)]:
        near = np.hypot(grid.x - x, grid.y - y) <= 0.25
        inside = np.zeros_like(near)
        inside[grid.window(x, y, 0.25)] = True
        assert not (near & ~inside).any()
    rows, columns = grid.window(50, 50, 0.1)
    assert grid.x[rows, columns].size == 0
