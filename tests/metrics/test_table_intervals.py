"""Intervals of tables, against the public functions and a bootstrap of patients."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxrclf.metrics import (
    bootstrap_interval,
    classification_table,
    proportion_interval,
    roc_auc_interval,
)
from cxrclf.metrics._table_intervals import table_intervals

CLASSES = ("covid", "normal", "pneumonia")


def draw(n, images_per_patient=1, separation=1.5, seed=0):
    """Return labels, predictions, probabilities and patients."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) // images_per_patient
    codes = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3)) + rng.normal(size=(n, 3))[groups]
    logits[np.arange(n), codes] += separation
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array(CLASSES)
    return names[codes], names[scores.argmax(axis=1)], scores, groups


@pytest.mark.parametrize("images_per_patient", [1, 3])
def test_scores_of_a_class_have_the_intervals_of_the_functions(images_per_patient):
    y_true, y_pred, scores, groups = draw(300, images_per_patient)
    options = {"groups": groups, "confidence_level": 0.9}
    table = classification_table(y_true, y_pred, scores, intervals=True, **options)
    for j, label in enumerate(CLASSES):
        true, pred = y_true == label, y_pred == label
        shares = {
            "sensitivity": (pred, true),
            "specificity": (~pred, ~true),
            "precision": (true, pred),
            "accuracy": (true == pred, true | True),
        }
        for column, (hit, base) in shares.items():
            expected = proportion_interval(
                hit[base], groups=groups[base], confidence_level=0.9
            )
            assert_allclose(table.interval(label, column), expected, rtol=1e-12)
        expected = roc_auc_interval(true, scores[:, j], **options)
        assert_allclose(table.interval(label, "auc"), expected, rtol=1e-12)
    expected = proportion_interval(y_true == y_pred, **options)
    assert_allclose(table.overall_intervals["accuracy"], expected, rtol=1e-12)


def test_f1_follows_the_share_of_the_samples_that_are_both():
    # 8 right, 2 missed, 4 wrong: J = 8 / 14, F1 = 16 / 22.
    y_true = [1] * 10 + [0] * 30
    y_pred = [1] * 8 + [0] * 2 + [1] * 4 + [0] * 26
    f1 = classification_table(y_true, y_pred, intervals=True).interval(1, "f1")
    assert f1.value == pytest.approx(16 / 22)
    # Wilson's formula by hand.
    z, n, share = 1.959963984540054, 14, 8 / 14
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    for bound, index in zip(
        f1[1:], (middle + np.array([-half, half])) / (1 + z**2 / n), strict=True
    ):
        assert bound == pytest.approx(2 * index / (1 + index))


@pytest.mark.parametrize("images_per_patient", [1, 4])
def test_macro_averages_agree_with_resampled_patients(images_per_patient):
    # With many patients and scores far from 1, both methods must agree.
    y_true, y_pred, scores, groups = draw(1200, images_per_patient)
    table = classification_table(y_true, y_pred, scores, intervals=True, groups=groups)
    for column in ("precision", "specificity", "f1", "auc", "sensitivity"):
        resampled = bootstrap_interval(
            lambda *arrays, column=column: fast_macro(*arrays)[column],
            y_true,
            y_pred,
            scores,
            groups=groups,
            n_resamples=300,
        )
        found = table.interval("macro average", column)
        assert found.value == pytest.approx(resampled.value)
        width = resampled.high - resampled.low
        # Quantiles of 300 resamples vary by about 5 % of the width.
        assert_allclose(found[1:], resampled[1:], atol=0.15 * width)


def fast_macro(y_true, y_pred, scores):
    """Return macro averages by plain NumPy."""
    is_true = y_true[:, None] == np.array(CLASSES)
    is_pred = y_pred[:, None] == np.array(CLASSES)
    tp = (is_true & is_pred).sum(axis=0)
    positive, predicted = is_true.sum(axis=0), is_pred.sum(axis=0)
    wrong = predicted - tp
    ranks = np.argsort(np.argsort(scores, axis=0), axis=0) + 1
    # Resampled rows are ties: repeat the ranks of equal scores by their mean.
    for j in range(3):
        _, place = np.unique(scores[:, j], return_inverse=True)
        ranks = ranks.astype(float)
        ranks[:, j] = (np.bincount(place, ranks[:, j]) / np.bincount(place))[place]
    area = ((ranks * is_true).sum(axis=0) - positive * (positive + 1) / 2) / (
        positive * (len(y_true) - positive)
    )
    return {
        "sensitivity": (tp / positive).mean(),
        "precision": (tp / predicted).mean(),
        "specificity": (1 - wrong / (len(y_true) - positive)).mean(),
        "f1": (2 * tp / (positive + predicted)).mean(),
        "auc": area.mean(),
    }


def test_right_predictions_alone_do_not_give_empty_intervals():
    y_true = np.repeat(CLASSES, 10)
    scores = (y_true[:, None] == np.array(CLASSES)).astype(float)
    table = classification_table(y_true, y_true, scores, intervals=True)
    for row in table.rows:
        for column in table.columns[:-1]:
            value, low, high = table.interval(row, column)
            assert value == pytest.approx(high) == 1
            assert 0.6 < low < 0.99


def test_the_macro_average_of_independent_sensitivities():
    # The sensitivities of two classes are independent: half widths add as squares.
    y_true = np.repeat(["a", "b"], [20, 30])
    y_pred = np.where(np.arange(50) % 5 == 0, "b", y_true)
    y_pred[25:28] = "a"
    table = classification_table(y_true, y_pred, intervals=True)
    of_a, of_b = (table.interval(label, "sensitivity") for label in "ab")
    mean, low, high = table.interval("macro average", "sensitivity")
    below = np.hypot(of_a.value - of_a.low, of_b.value - of_b.low) / 2
    above = np.hypot(of_a.high - of_a.value, of_b.high - of_b.value) / 2
    assert_allclose([low, high], [mean - below, mean + above], rtol=1e-12)
    assert_allclose(table.overall_intervals["balanced_accuracy"], [mean, low, high])


def test_undefined_bounds():
    table = classification_table(
        ["a", "a", "b", "b"], ["a", "a", "a", "a"], labels=["a", "b", "c"],
        intervals=True,
    )  # fmt: skip
    assert np.isnan(table.interval("c", "sensitivity")).all()
    assert np.isnan(table.interval("b", "precision")).all()
    assert np.isnan(table.interval("macro average", "precision")).all()
    assert not np.isnan(table.interval("macro average", "sensitivity")).any()
    assert np.isnan(table.interval("a", "support")[1:]).all()


def test_patients_are_counted():
    is_true = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    found = table_intervals(is_true, is_true, None, np.array([0, 0, 1, 2]), 0.95)
    assert found.n_patients == 3
    assert found.bounds.shape == (3, 6, 2)
    alone = table_intervals(is_true, is_true, None, np.arange(4), 0.95)
    assert alone.n_patients is None
