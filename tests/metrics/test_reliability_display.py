import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from cxrclf.metrics import ReliabilityDisplay, proportion_interval

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def no_window():
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    proba = rng.random(200)
    return rng.random(200) < proba, proba, rng.integers(0, 60, 200)


def test_curve_is_that_of_scikit_learn(data):
    y_true, proba, _ = data
    display = ReliabilityDisplay.from_predictions(y_true, proba, n_bins=5)
    expected = calibration_curve(y_true, proba, n_bins=5, strategy="quantile")
    np.testing.assert_allclose([display.prob_true, display.prob_pred], expected)
    assert display.counts.tolist() == [40] * 5


def test_intervals_are_those_of_the_proportions(data):
    y_true, proba, groups = data
    display = ReliabilityDisplay.from_predictions(
        y_true, proba, groups=groups, n_bins=4, confidence_level=0.8
    )
    rows = np.argsort(proba)[:50]
    expected = proportion_interval(
        y_true[rows], groups=groups[rows], confidence_level=0.8
    )
    found = display.prob_true[0], display.low[0], display.high[0]
    assert found == pytest.approx(expected)


def test_curves_share_axes(data):
    y_true, proba, _ = data
    one = ReliabilityDisplay.from_predictions(y_true, proba, name="before")
    two = ReliabilityDisplay.from_predictions(
        y_true, proba**2, name="after", ax=one.ax_
    )
    assert two.figure_ is one.figure_
    texts = [text.get_text() for text in one.ax_.get_legend().get_texts()]
    assert texts == ["perfectly calibrated", "before", "after"]
    drawn = one.ax_.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(drawn, np.column_stack([one.prob_pred, one.prob_true]))
    colors = [container.lines[0].get_color() for container in one.ax_.containers]
    assert colors == ["#0072b2", "#d55e00"]  # blue and vermillion


def test_axes_with_other_lines(data):
    y_true, proba, _ = data
    _, ax = pyplot.subplots()
    ax.axhline(0.3, color="0.7")
    display = ReliabilityDisplay.from_predictions(y_true, proba, name="a", ax=ax)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["perfectly calibrated", "a"]
    assert display.ax_.containers[0].lines[0].get_color() == "#0072b2"


@pytest.mark.parametrize(
    ("y_true", "y_proba", "message"),
    [
        ([], [], "There are no images"),
        ([1, 0], [0.5, 2], "values from 0.5 to 2"),
        (["a", "b"], [0.5, 1], "y_true must have only True and False"),
    ],
)
def test_invalid_values(y_true, y_proba, message):
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(y_true, y_proba)
