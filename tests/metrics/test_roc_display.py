"""Display of ROC curves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.metrics import Predictions, RocDisplay, proportion_interval

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    y_true = np.arange(100) % 2
    score = rng.normal(size=100) + y_true
    return Predictions(y_true, score > 0.5, score, groups=np.arange(100) // 2)


def test_the_area_is_that_of_the_table(predictions):
    shown = RocDisplay.from_predictions(predictions)
    expected = predictions.table().interval(1, "auc")
    assert_allclose(shown.curves[1].area, expected, rtol=1e-10)
    plt.close("all")


def test_the_band_follows_the_intervals_and_grows(predictions):
    curve = RocDisplay.from_predictions(predictions).curves[1]
    plt.close("all")
    assert (np.diff(curve.low) >= 0).all()
    assert (np.diff(curve.high) >= 0).all()
    inside = np.interp(curve.band_x, curve.x, curve.y)
    assert (curve.low <= inside + 1e-12).all()
    positive = predictions.y_true == 1
    lows, highs = [], []
    for threshold in np.append(np.inf, np.sort(predictions.y_score[:, 1])[::-1]):
        hit = predictions.y_score[positive, 1] >= threshold
        share = proportion_interval(hit, groups=predictions.groups[positive])
        lows.append(share.low)
        highs.append(share.high)
    # Plain loops over all 101 thresholds; the band has 100 of them.
    assert curve.low[-1] == pytest.approx(max(lows))
    assert curve.high[0] == pytest.approx(min(highs))
    assert set(curve.low.round(9)) <= set(np.round(lows, 9))


def test_a_perfect_curve_has_a_band():
    y = np.arange(40) % 2
    curve = RocDisplay.from_predictions(Predictions(y, y, y.astype(float))).curves[1]
    plt.close("all")
    assert curve.area.value == 1
    assert_allclose(curve.low[-1], 0.839, atol=1e-3)  # Wilson, 20 of 20
