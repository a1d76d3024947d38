"""Curves of one class, against scikit-learn and plain loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from cxrclf.metrics import proportion_interval
from cxrclf.metrics._class_curve import (
    mean_of_folds,
    pointwise_band,
    precision_recall_points,
    roc_points,
)

RNG = np.random.default_rng(0)
TRUE = RNG.random(90) < 0.4
SCORE = (RNG.normal(size=90) + TRUE).round(1)  # with ties
FOLD = np.arange(90) % 3
PATIENTS = np.arange(90) // 2


def test_points_are_those_of_scikit_learn():
    x, y, _ = roc_points(TRUE, SCORE)
    fpr, tpr, _ = roc_curve(TRUE, SCORE, drop_intermediate=False)
    assert_allclose([x, y], [fpr, tpr])
    x, y, thresholds = precision_recall_points(TRUE, SCORE)
    precision, recall, _ = precision_recall_curve(TRUE, SCORE)
    assert_allclose([x[::-1], y[::-1]], [recall, precision])
    for recall, precision, threshold in zip(x[1:], y[1:], thresholds[1:], strict=True):
        above = threshold <= SCORE
        assert precision == pytest.approx(TRUE[above].mean())
        assert recall == pytest.approx(above[TRUE].mean())


def test_the_band_has_the_interval_of_each_threshold():
    points = roc_points(TRUE, SCORE)
    x, low, high = pointwise_band(
        TRUE, SCORE, PATIENTS, points, lambda y, above: (above, y), 0.9
    )
    assert len(x) == len(points[0])  # fewer than 100 thresholds: all of them
    for place in (3, 20, len(x) - 2):
        hit = points[2][place] <= SCORE[TRUE]
        expected = proportion_interval(hit, groups=PATIENTS[TRUE], confidence_level=0.9)
        assert_allclose([low[place], high[place]], expected[1:])


def test_a_band_of_many_thresholds_has_100():
    score = RNG.normal(size=2000)
    true = RNG.random(2000) < 0.5
    points = precision_recall_points(true, score)
    x, low, high = pointwise_band(
        true, score, np.arange(2000), points, lambda y, above: (y, above), 0.95
    )
    # There is no precision at the first point, where no sample is above.
    assert len(x) == 99
    assert (np.diff(x) >= 0).all()
    assert (low <= high).all()


@pytest.mark.parametrize("is_roc", [True, False])
def test_the_mean_of_folds_against_a_loop(is_roc):
    found = mean_of_folds(TRUE, SCORE, FOLD, is_roc)
    area = roc_auc_score if is_roc else average_precision_score
    areas = [area(TRUE[k == FOLD], SCORE[k == FOLD]) for k in range(3)]
    assert found.mean == pytest.approx(np.mean(areas))
    assert found.sd == pytest.approx(np.std(areas, ddof=1))
    assert found.n_folds == 3
    for place in (5, 33, 80):
        values = []
        for k in range(3):
            true, score = TRUE[k == FOLD], SCORE[k == FOLD]
            if is_roc:
                fpr, tpr, _ = roc_curve(true, score, drop_intermediate=False)
                values.append(np.interp(found.x[place], fpr, tpr))
            else:
                # Precision at the highest threshold with enough recall.
                for threshold in np.unique(score)[::-1]:
                    above = score >= threshold
                    if above[true].mean() >= found.x[place]:
                        values.append(true[above].mean())
                        break
        assert found.y[place] == pytest.approx(np.mean(values))


def test_the_mean_of_folds_at_recalls_that_occur():
    # With 100 positive samples, each k / 100 is a recall.
    y_true = np.random.default_rng(3).permutation(250) < 100
    n_found = np.cumsum(y_true)
    twice = np.tile(y_true, 2), np.tile(-np.arange(250.0), 2)  # two equal folds
    found = mean_of_folds(*twice, np.repeat([0, 1], 250), is_roc=False)
    for k in range(1, 101):
        n_above = int(np.argmax(n_found == k)) + 1
        assert found.y[k] == pytest.approx(k / n_above)


def test_folds_without_a_class_are_left_out():
    fold = np.where(TRUE & (FOLD == 2), 0, FOLD)
    assert mean_of_folds(TRUE, SCORE, fold, True).n_folds == 2
    # One fold has no mean over folds.
    assert mean_of_folds(TRUE, SCORE, np.where(TRUE, 0, FOLD), True) is None
    assert mean_of_folds(TRUE, SCORE, TRUE.astype(int), True) is None
