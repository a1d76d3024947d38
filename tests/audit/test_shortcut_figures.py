"""Figures of shortcut reports."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cxrclf.audit._shortcut_figures import draw_forest, draw_views, label_probe
from cxrclf.metrics import Estimate

pytest.importorskip("matplotlib")

SCORES = {
    name: SimpleNamespace(balanced_accuracy=estimate)
    for name, estimate in {
        "thumbnail": Estimate(0.6, 0.5, 0.7),
        "corners": Estimate(0.8, 0.7, 0.9),
        "estimator": Estimate(0.9, 0.85, 0.95),
        "border": Estimate(0.4, np.nan, np.nan),
    }.items()
}


@pytest.fixture
def close():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.mark.usefixtures("close")
def test_forest_shows_scores_intervals_and_chance():
    figure = draw_forest(SCORES, ["corners"], 0.3, 0.95)
    (ax,) = figure.axes
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == ["estimator", "border", "corners", "thumbnail"]
    lines = [line.get_xydata() for line in ax.lines]
    for y, label in enumerate(labels):
        value, low, high = SCORES[label].balanced_accuracy
        assert any(np.array_equal(line, [[value, y]]) for line in lines)
        interval = [[low, y], [high, y]]
        drawn = any(np.array_equal(line, interval) for line in lines)
        assert drawn == np.isfinite(low)
    (chance,) = (line for line in ax.lines if line.get_linestyle() == ":")
    assert_allclose(chance.get_xdata(), 0.3)
    colors = [tick.get_color() for tick in ax.get_yticklabels()]
    assert len(set(colors)) == 4  # estimator, not an alarm, alarm, context
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[0] == "shortcut: cannot see the disease, beats chance"
    assert len(texts) == 3
    assert ax.get_xlabel() == "balanced accuracy, 95 % interval"


@pytest.mark.usefixtures("close")
def test_forest_of_the_estimator_has_no_legend():
    figure = draw_forest({"estimator": SCORES["estimator"]}, [], 0.3, 0.9)
    assert figure.legends == []


@pytest.mark.usefixtures("close")
def test_views_have_titles():
    pictures = {
        name: np.full((4, 4), shade, np.uint8)
        for shade, name in enumerate(["image", "border", "corners", "thumbnail", "x"])
    }
    axes = draw_views(pictures).axes
    assert len(axes) == 8
    for ax, (name, picture) in zip(axes, pictures.items(), strict=False):
        assert ax.get_title() == name
        assert_array_equal(ax.images[0].get_array(), picture)
    assert not any(ax.axison for ax in axes[5:])


def test_labels():
    assert label_probe("estimator") == "estimator"
    assert label_probe("estimator_outside_lungs") == "estimator: outside lungs"
    assert label_probe("lung_shape") == "lung shape"
