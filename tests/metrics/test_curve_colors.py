"""Colors of curves that share axes."""

import pytest

from cxrclf.metrics._curve_colors import COLORS, next_colors

plt = pytest.importorskip("matplotlib.pyplot")


def test_each_color_is_used_once_before_the_first_is_used_again():
    _, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], color="0.4")
    found = []
    for _ in range(len(COLORS) + 1):
        found += next_colors(ax)
        ax.plot([0, 1], [0, 1], color=found[-1])
    assert found == [*COLORS, COLORS[0]]
    assert next_colors(ax, 9) == [*COLORS[1:], *COLORS[:3]][:9]
    plt.close("all")
