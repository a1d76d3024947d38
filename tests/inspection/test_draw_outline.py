"""Outlines of regions lie on the edges of pixels."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cxrclf.inspection._draw_outline import draw_outline

EXTENT = -0.5, 119.5, 79.5, -0.5


@pytest.mark.parametrize(
    ("rows", "columns", "low", "high"),
    [
        (slice(2, 4), slice(4, 8), [39.5, 19.5], [79.5, 39.5]),
        (slice(0, 4), slice(4, 8), [39.5, -0.5], [79.5, 39.5]),
        (slice(None), slice(None), [-0.5, -0.5], [119.5, 79.5]),
    ],
)
def test_outline_has_the_edges_of_the_region(rows, columns, low, high):
    mask = np.zeros((8, 12), dtype=bool)
    mask[rows, columns] = True
    ax = Figure().subplots()
    draw_outline(ax, mask, EXTENT, "#009e73", "--", width=0.8)
    (outline,) = ax.collections
    vertices = outline.get_paths()[0].vertices
    np.testing.assert_allclose(vertices.min(0), low, atol=1e-9)
    np.testing.assert_allclose(vertices.max(0), high, atol=1e-9)
    assert (ax.get_xlim(), ax.get_ylim()) == (EXTENT[:2], EXTENT[2:])
    assert to_hex(outline.get_edgecolor()[0]) == "#009e73"
    assert outline.get_linewidth()[0] == 0.8


def test_empty_regions_have_no_outline():
    ax = Figure().subplots()
    draw_outline(ax, np.zeros((8, 12), dtype=bool), EXTENT, "white")
    assert len(ax.collections) == 0
