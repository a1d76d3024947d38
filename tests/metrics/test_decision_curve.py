import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import confusion_matrix

from cxrclf.metrics import decision_curve

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    score = rng.random(300).round(2)
    return rng.random(300) < score, score, rng.integers(0, 80, 300)


def test_net_benefit_is_that_of_the_confusion_matrices(data):
    y, score, _ = data
    curve = decision_curve(y, score)
    assert len(curve.thresholds) == 99
    for i in (0, 24, 49, 98):
        limit = curve.thresholds[i]
        _, fp, _, tp = confusion_matrix(y, score >= limit).ravel()
        weight = limit / (1 - limit)
        assert curve.net_benefit[i] == pytest.approx((tp - fp * weight) / 300)
        _, fp, _, tp = confusion_matrix(y, np.ones(300, bool)).ravel()
        assert curve.treat_all[i] == pytest.approx((tp - fp * weight) / 300)


def test_threshold_of_0_treats_all(data):
    y, score, _ = data
    curve = decision_curve(y, score, thresholds=[0.0])
    assert curve.net_benefit == curve.treat_all == y.mean()


def test_interval_is_that_of_the_mean(data):
    y, score, _ = data
    values = (score >= 0.25) * np.where(y, 1, -1 / 3)
    half = t.isf(0.05, 299) * values.std(ddof=1) / np.sqrt(300)
    curve = decision_curve(y, score, thresholds=[0.25], confidence_level=0.9)
    assert curve.low[0] == pytest.approx(values.mean() - half)
    assert curve.high[0] == pytest.approx(values.mean() + half)
    copies = np.tile(np.arange(300), 4)
    many = decision_curve(
        y[copies], score[copies], thresholds=[0.25], groups=copies, confidence_level=0.9
    )
    assert many.low[0] == pytest.approx(curve.low[0])
    assert np.isnan(decision_curve(y, score, groups=np.zeros(300)).low).all()


def test_text_counts_thresholds_with_a_benefit():
    y_true = np.tile([1, 0], 100)
    curve = decision_curve(y_true, 0.1 + 0.8 * y_true, thresholds=[0.05, 0.5, 0.95])
    # At 0.05 both treat all, and at 0.95 none.
    assert repr(curve) == (
        "<DecisionCurve of 3 thresholds, better than treating all or none at 1 of them>"
    )


def test_printed_curve_has_some_thresholds(data):
    y, score, groups = data
    curve = decision_curve(y, score, groups=groups, confidence_level=0.9)
    header, *lines = str(curve).splitlines()
    assert header.split() == ["threshold", "net", "benefit", "treat", "all"]
    shown = [line.split() for line in lines[:9]]
    assert [float(cells[0]) for cells in shown] == [k / 10 for k in range(1, 10)]
    frame = curve.to_frame()
    for i, cells in zip(range(9, 99, 10), shown, strict=True):
        numbers = [float(cell.strip("[,]")) for cell in cells[1:]]
        expected = frame.loc[i, ["net_benefit", "low", "high", "treat_all"]]
        np.testing.assert_allclose(numbers, expected, rtol=0, atol=0.00051)
    assert "90 % confidence intervals" in lines[9]
    better = (frame["low"] > frame["treat_all"].clip(lower=0)).sum()
    assert f"at {better} of 99 thresholds" in lines[10]
    assert lines[11:] == ["9 of 99 thresholds are shown."]


@pytest.mark.parametrize(("n", "n_shown"), [(1, 1), (10, 10), (11, 5), (20, 10)])
def test_printed_curve_of_some_thresholds(data, n, n_shown):
    y, score, _ = data
    limits = np.arange(1, n + 1) / 100
    lines = str(decision_curve(y, score, thresholds=limits)).splitlines()
    shown = [line.split()[0] for line in lines[1 : n_shown + 1]]
    assert set(shown) <= {f"{limit:g}" for limit in limits}
    assert lines[n_shown + 1].startswith("[low, high]")
    assert ("are shown" in lines[-1]) == (n_shown < n)


def test_printed_curve_of_one_patient(data):
    y, score, _ = data
    text = str(decision_curve(y, score, thresholds=[0.5], groups=np.zeros(300)))
    assert "[nan, nan]" in text
    assert "at 0 of 1 thresholds" in text


def test_frame_and_plot(data):
    y, score, groups = data
    curve = decision_curve(y, score, groups=groups)
    frame = curve.to_frame()
    assert frame["net_benefit"].tolist() == curve.net_benefit.tolist()
    assert (frame["treat_none"] == 0).all()
    pyplot.switch_backend("agg")
    figure, ax = pyplot.subplots()
    assert curve.plot(ax, name="network") is curve
    assert curve.figure_ is figure
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["network", "treat all", "treat none"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), curve.net_benefit)
    pyplot.close("all")


def test_one_patient_can_be_plotted(data):
    y, score, _ = data
    curve = decision_curve(y, score, groups=np.zeros(300))
    assert np.isnan(curve.high).all()
    low, high = curve.plot().ax_.get_ylim()
    assert low < 0 < curve.net_benefit.max() < high
    pyplot.close("all")


def test_two_classifiers_share_axes(data):
    y, score, _ = data
    one = decision_curve(y, score).plot(name="one")
    limits = one.ax_.get_ylim()
    two = decision_curve(y[score > 0.2], score[score > 0.2])
    ax = two.plot(one.ax_, name="two").ax_
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["one", "treat all", "treat none", "two"]
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["one"].get_color() != lines["two"].get_color()
    assert ax.get_ylim()[1] >= max(limits[1], two.high.max())
    assert ax.get_ylim()[0] <= limits[0]
    pyplot.close("all")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"y_true": [], "y_score": []}, "There are no images"),
        ({"y_score": [0.5, 3]}, "values from 0.5 to 3"),
        ({"thresholds": [0.5, 1]}, "thresholds must lie in"),
        ({"thresholds": []}, "thresholds must lie in"),
        ({"thresholds": 0.5}, r"thresholds must have shape \(n,\), got 0.5"),
        ({"groups": [1]}, "groups has 1 values"),
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        decision_curve(**({"y_true": [0, 1], "y_score": [0.5, 1]} | parameters))
