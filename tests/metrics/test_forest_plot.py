"""Forest plots."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.exceptions import MissingDependencyError
from cxrclf.metrics import Estimate
from cxrclf.metrics._forest_plot import forest_plot

NAMES = ["all", "sex = F", "sex = M"]
LINES = [
    (Estimate(0.8, 0.7, 0.9), False),
    (Estimate(0.7, 0.5, 0.85), True),
    (Estimate(0.9, np.nan, np.nan), False),
]


@pytest.fixture
def plt():
    plt = pytest.importorskip("matplotlib.pyplot")
    yield plt
    plt.close("all")


def test_bars_and_markers(plt):
    figure = forest_plot(NAMES, {"auc": LINES})
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    reference, *lines = ax.get_lines()
    assert reference.get_xdata()[0] == 0.8
    # Bar and marker of two rows, and the marker of the row without bounds.
    assert len(lines) == 5
    assert_allclose(lines[2].get_xdata(), [0.5, 0.85])
    assert lines[3].get_markerfacecolor() == "white"
    assert lines[1].get_markerfacecolor() == lines[1].get_color()
    assert_allclose(lines[4].get_xdata(), [0.9])
    top, bottom = ax.get_ylim()[::-1]
    assert top < 0 < 2 < bottom  # the first row is at the top


def test_panels_are_in_rows_of_three(plt):
    figure = forest_plot(NAMES, {f"score {i}": LINES for i in range(4)})
    assert len(figure.axes) == 4
    tops = [round(ax.get_position().y0, 3) for ax in figure.axes]
    assert len(set(tops)) == 2
    outer = plt.figure()
    assert forest_plot(NAMES, {"auc": LINES}, outer) is outer


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match="plot"):
        forest_plot(NAMES, {"auc": LINES})
