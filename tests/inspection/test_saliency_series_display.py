"""SaliencySeriesDisplay: order, scale, share of the lungs, and chart."""

from datetime import date, timedelta

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cxrclf.inspection import SaliencySeriesDisplay, saliency_maps


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture
def series():
    """Three images, maps and masks. The largest value is 8."""
    maps = np.zeros((3, 2, 4))
    maps[0, 0] = [8, 4, 3.9, 0]
    maps[1, 1] = [8, 8, 8, 8]
    maps[2] = 1
    lungs = np.zeros((3, 2, 4), dtype=bool)
    lungs[0, 0] = lungs[1, 0] = lungs[2] = True
    return np.random.default_rng(0).random((3, 20, 40)), maps, lungs


def test_share_is_the_part_of_the_lungs_above_the_threshold(series):
    images, maps, lungs = series
    draw = SaliencySeriesDisplay.from_maps
    half = draw(images, maps, [1, 2, 3], lungs)
    np.testing.assert_allclose(half.affected_share_, [2 / 4, 0, 0])
    low = draw(images, maps, [1, 2, 3], lungs, threshold=0.125)
    np.testing.assert_allclose(low.affected_share_, [3 / 4, 0, 1])
    assert [ax.get_xlabel() for ax in low.axes_[1]] == [
        "75% of lungs",
        "0% of lungs",
        "100% of lungs",
    ]


@pytest.mark.parametrize("value", [0, -1])
def test_series_without_positive_values_has_no_affected_pixels(series, value):
    images, maps, lungs = series
    display = SaliencySeriesDisplay.from_maps(
        images, np.full(maps.shape, value), [1, 2, 3], lungs
    )
    assert display.affected_share_.tolist() == [0, 0, 0]
    display.figure_.canvas.draw()


def test_images_without_lungs_have_no_share(series):
    images, maps, lungs = series
    lungs[1] = False
    display = SaliencySeriesDisplay.from_maps(images, maps, [1, 2, 3], lungs)
    assert np.isnan(display.affected_share_).tolist() == [False, True, False]
    assert display.axes_[1, 1].get_xlabel() == "no lungs"
    display.figure_.canvas.draw()


def test_days_are_sorted_with_all_that_belongs_to_them(series):
    images, maps, lungs = series
    display = SaliencySeriesDisplay.from_maps(
        images, maps, [9, 3, 7], lungs, target="covid", probabilities=[0.9, 0.3, 0.7]
    )
    order = [1, 2, 0]
    assert display.days.tolist() == [3, 7, 9]
    np.testing.assert_array_equal(display.images, images[order])
    np.testing.assert_array_equal(display.maps, maps[order])
    np.testing.assert_array_equal(display.lungs, lungs[order])
    assert [ax.get_title() for ax in display.axes_[0]] == ["day 3", "day 7", "day 9"]
    share, probability = display.chart_ax_.lines
    assert share.get_xdata().tolist() == probability.get_xdata().tolist() == [3, 7, 9]
    np.testing.assert_allclose(share.get_ydata(), [0, 0, 0.5])
    assert probability.get_ydata().tolist() == [0.3, 0.7, 0.9]
    assert probability.get_label() == "probability of covid"
    assert share.get_linestyle() != probability.get_linestyle()


def test_all_maps_have_one_scale(series):
    images, maps, lungs = series
    display = SaliencySeriesDisplay.from_maps(images, maps, [1, 2, 3], lungs)
    for ax, values in zip(display.axes_[1], maps, strict=True):
        np.testing.assert_allclose(ax.images[1].get_array(), values / 8)
    assert "of the series" in display.color_bar_.ax.get_ylabel()


def test_classifier_is_explained(trained, radiographs):
    rows = [4, 2, 7]
    X, masks = radiographs.images[rows], radiographs.masks[rows]
    display = SaliencySeriesDisplay.from_estimator(
        trained, X, [2, 1, 3], "covid", lungs=masks, threshold=0.3
    )
    order = [1, 0, 2]
    maps = saliency_maps(trained, X, "covid")[order]
    np.testing.assert_allclose(display.maps, maps, atol=1e-6)
    covid = trained.classes_.tolist().index("covid")
    np.testing.assert_allclose(
        display.probabilities, trained.predict_proba(X)[order, covid], rtol=1e-6
    )
    expected = [
        (values >= 0.3 * maps.max())[mask].mean()
        for values, mask in zip(maps, masks[order], strict=True)
    ]
    np.testing.assert_allclose(display.affected_share_, expected, atol=0.02)


@pytest.mark.parametrize(
    "days",
    [
        [date(2020, 1, 1) + timedelta(3 * i) for i in range(20)],
        [date(2020, 1, 1), date(2020, 1, 1)],
        [f"{i} days after the admission" for i in range(4)],
        ["second image", "second image"],
        np.arange(0, 60, 5, dtype="datetime64[D]"),
        [0.5],
    ],
)
def test_nothing_overlaps(days):
    n = len(days)
    display = SaliencySeriesDisplay.from_maps(
        np.random.default_rng(0).random((n, 8, 8)),
        np.ones((n, 4, 4)),
        days,
        np.ones((n, 4, 4)),
        target="covid",
        probabilities=np.ones(n),
    )
    figure = display.figure_
    figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in figure.axes]
    boxes.append(figure.legends[0].get_tightbbox(figure.canvas.get_renderer()))
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    ticks = [label.get_window_extent() for label in display.chart_ax_.get_xticklabels()]
    assert not any(a.overlaps(b) for i, a in enumerate(ticks) for b in ticks[:i])
    assert all(b.x0 >= 0 and b.x1 <= figure.bbox.x1 for b in boxes)


def test_figure_of_the_user(series):
    images, maps, lungs = series
    figure = Figure(layout="constrained")
    display = SaliencySeriesDisplay.from_maps(
        images, maps, [1, 2, 3], lungs, figure=figure
    )
    assert display.figure_ is figure
    assert display.plot().figure_ is not figure
    assert len(display.chart_ax_.lines) == 1  # without probabilities


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"maps": np.ones((3, 2, 2, 4))}, r"\(n, h, w\) for 3 images"),
        ({"days": [1, 2]}, "for each of the 3 images"),
        ({"lungs": np.ones((2, 2, 4))}, "lungs has 2 masks"),
        ({"probabilities": [1]}, r"probabilities .* got an array of shape \(1,\)"),
        ({"threshold": 0}, r"threshold must be in \(0, 1\], got 0"),
        ({"threshold": "half"}, "threshold must be"),
    ],
)
def test_bad_input_is_refused(series, changed, message):
    images, maps, lungs = series
    arguments = {"maps": maps, "days": [1, 2, 3], "lungs": lungs, **changed}
    with pytest.raises(ValueError, match=message):
        SaliencySeriesDisplay.from_maps(images, **arguments)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": None}, "A series needs one class"),
        ({"target": "all"}, "A series needs one class"),
        ({"target": ["covid"] * 3}, "A series needs one class"),
        ({"target": "flu"}, "target has 'flu'"),
        ({"days": [1, 2]}, "for each of the 3 images"),
        ({"lungs": np.ones((2, 48, 48))}, "lungs has 2 masks"),
        ({"threshold": 2}, "threshold must be"),
        ({"method": "gradcm"}, "method must be one of"),
    ],
)
def test_bad_input_is_refused_before_the_work(
    trained, radiographs, changed, message, monkeypatch
):
    monkeypatch.setattr(type(trained), "predict_proba", None)
    arguments = {
        "days": [1, 2, 3],
        "target": "covid",
        "lungs": radiographs.masks[:3],
        **changed,
    }
    with pytest.raises(ValueError, match=message):
        SaliencySeriesDisplay.from_estimator(
            trained, radiographs.images[:3], **arguments
        )
