"""Display of precision-recall curves."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.special import logit
from scipy.stats import norm, t
from sklearn.metrics import average_precision_score

from cxrclf.metrics import (
    PrecisionRecallDisplay,
    Predictions,
)
from cxrclf.metrics._precision_recall_display import (
    _average_precision,
    _fast_average_precision,
)

plt = pytest.importorskip("matplotlib.pyplot")
STEP_LOOKUP_MAP = pytest.importorskip("matplotlib.cbook").STEP_LOOKUP_MAP


def test_the_average_precision_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for decimals in (0, 1, 8):  # with and without ties
        y_true = rng.random(80) < 0.3
        score = (rng.normal(size=80) + y_true).round(decimals)
        expected = average_precision_score(y_true, score)
        assert _fast_average_precision(y_true, score) == pytest.approx(expected)
    assert np.isnan(_fast_average_precision(np.zeros(3, bool), np.arange(3)))


def test_the_interval_is_symmetric_on_the_scale_of_the_logit():
    rng = np.random.default_rng(1)
    y_true = np.arange(60) % 3 == 0
    score = rng.normal(size=60) + y_true
    groups = np.arange(60) // 2
    predictions = Predictions(y_true, score > 0.5, score, groups=groups)
    shown = PrecisionRecallDisplay.from_predictions(predictions)
    resampled = []
    for drawn in rng.integers(0, 30, (1000, 30)):
        rows = np.column_stack([2 * drawn, 2 * drawn + 1]).ravel()
        resampled.append(average_precision_score(y_true[rows], score[rows]))
    value, low, high = shown.curves[True].area
    # 20 patients have an image of the class, and 30 an image without it.
    half = t.isf(0.025, 19) * np.std(resampled) / (value * (1 - value))
    assert value == pytest.approx(average_precision_score(y_true, score))
    expected = np.array([-half, half]) + logit(value)
    assert logit([low, high]) == pytest.approx(expected, rel=0.15)
    baseline = [line for line in shown.ax_.lines if line.get_linestyle() == ":"]
    assert baseline[0].get_ydata()[0] == pytest.approx(1 / 3)
    plt.close("all")


def test_one_patient_of_a_class_has_no_interval():
    score = np.array([3, 1, 2, 0, 1.5])
    groups = [1, 1, 2, 3, 4]
    predictions = Predictions([1, 1, 0, 0, 0], [1, 1, 0, 0, 0], score, groups=groups)
    area = PrecisionRecallDisplay.from_predictions(predictions).curves[1].area
    assert area.value == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)
    assert np.isnan(area[1:]).all()
    plt.close("all")


@pytest.mark.slow
def test_the_interval_covers_the_true_average_precision_near_1():
    # 30 + 60 images and an AUC of 0.99: the average precision of many images is 0.982.
    # Quantiles of resamples covered it in 0.85 of 250 studies, this interval in 0.99.
    rng = np.random.default_rng(0)
    y_true = np.arange(90) < 30
    distance = np.sqrt(2) * norm.ppf(0.99)
    covered = 0
    for _ in range(60):
        score = rng.normal(size=90) + distance * y_true
        _, low, high = _average_precision(y_true, score, np.arange(90), 0.95)
        covered += np.isnan(low) or low <= 0.982 <= high
    assert covered >= 56


def test_the_area_below_the_drawn_line_is_the_average_precision():
    rng = np.random.default_rng(2)
    y_true = np.arange(30) % 3 == 0
    score = rng.normal(size=30) + y_true
    fold = np.arange(30) % 2
    predictions = Predictions(y_true, score > 0, score, fold=fold)
    shown = PrecisionRecallDisplay.from_predictions(predictions)
    line = shown.lines_[True]
    path = STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_data())
    expected = average_precision_score(y_true, score)
    assert trapezoid(path[1], path[0]) == pytest.approx(expected)
    mean = next(line for line in shown.ax_.lines if line.get_linestyle() == "--")
    assert mean.get_drawstyle() == line.get_drawstyle()
    # The edges of the band are horizontal or vertical, too.
    moves = np.diff(shown.ax_.collections[0].get_paths()[0].vertices, axis=0)
    assert (np.abs(moves).min(axis=1) == 0).all()
    plt.close("all")


@pytest.mark.parametrize("n", [40, 14])
def test_a_perfect_curve_has_no_interval_of_resamples(n):
    y = np.arange(n) % 2
    score = y + np.arange(n) / n
    if n == 14:
        assert average_precision_score(y, score) != 1  # rounding
    shown = PrecisionRecallDisplay.from_predictions(Predictions(y, y, score))
    value, low, high = shown.curves[1].area
    assert value == 1
    assert np.isnan([low, high]).all()
    (entry,) = shown.ax_.get_legend().get_texts()
    assert entry.get_text() == "1: 1.000"
    plt.close("all")
