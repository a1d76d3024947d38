"""Scores by the names of the scorers."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from cxrclf.metrics import classification_table
from cxrclf.metrics._named_score import NamedScore
from cxrclf.metrics._score_columns import SampleScores

CLASSES = ["a", "a_b"]  # one name is the start of the other
TRUE = np.array(["a", "a", "a_b", "a_b", "a_b", "a"])
SCORE = np.array([0.1, 0.6, 0.8, 0.4, 0.9, 0.3])
PRED = np.array(CLASSES)[(SCORE > 0.5).astype(int)]
SAMPLES = SampleScores(
    TRUE[:, None] == CLASSES,
    PRED[:, None] == CLASSES,
    np.column_stack([-SCORE, SCORE]),
    np.array([0, 0, 1, 2, 2, 3]),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", accuracy_score(TRUE, PRED)),
        ("balanced_accuracy", balanced_accuracy_score(TRUE, PRED)),
        ("macro_sensitivity", balanced_accuracy_score(TRUE, PRED)),
        ("auc_a_b", roc_auc_score(TRUE == "a_b", SCORE)),
        ("sensitivity_a", 2 / 3),
        ("specificity_a_b", 2 / 3),
    ],
)
def test_scores(name, expected):
    estimate, influence = NamedScore(name, CLASSES, True).compute(SAMPLES, 0.95)
    assert estimate.value == pytest.approx(expected)
    assert influence.shape == (6,)


def test_intervals_are_those_of_the_table():
    table = classification_table(
        TRUE, PRED, SCORE, intervals=True, groups=[0, 0, 1, 2, 2, 3]
    )
    for name, expected in {
        "f1_a": table.interval("a", "f1"),
        "macro_auc": table.interval("macro average", "auc"),
        "accuracy": table.overall_intervals["accuracy"],
    }.items():
        estimate, _ = NamedScore(name, CLASSES, True).compute(SAMPLES, 0.95)
        assert estimate == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "n_patients"),
    [
        ("accuracy", 4),
        ("sensitivity_a", 2),
        ("specificity_a", 2),
        ("auc_a", 2),
        ("macro_f1", 3),
    ],
)
def test_patients_of_the_smaller_side(name, n_patients):
    assert NamedScore(name, CLASSES, True).count_patients(SAMPLES) == n_patients


def test_sides_of_different_size():
    is_true = np.eye(2, dtype=bool)[[0] * 5 + [1] * 3]
    is_pred = np.eye(2, dtype=bool)[[0, 0, 0, 0, 1, 1, 1, 1]]
    samples = SampleScores(is_true, is_pred, None, np.array([0, 1, 2, 2, 3, 4, 5, 5]))
    expected = {
        "sensitivity_0": 4, "specificity_0": 2, "accuracy_0": 2, "balanced_accuracy": 2,
        "precision_0": 3, "precision_1": 3, "macro_precision": 3,
        "f1_0": 4, "f1_1": 3, "macro_f1": 3, "macro_specificity": 2,
    }  # fmt: skip
    counts = {
        name: NamedScore(name, [0, 1], False).count_patients(samples)
        for name in expected
    }
    assert counts == expected


def test_a_precision_of_one_predicted_image():
    is_true = np.eye(2, dtype=bool)[np.arange(40) % 2]
    is_pred = np.eye(2, dtype=bool)[np.r_[1, np.zeros(39, int)]]
    samples = SampleScores(is_true, is_pred, None, np.arange(40))
    assert NamedScore("precision_1", [0, 1], False).count_patients(samples) == 1
    assert NamedScore("f1_1", [0, 1], False).count_patients(samples) == 21


def test_unknown_names():
    with pytest.raises(ValueError, match=r"no score 'recall_a'.*'sensitivity_a_b'"):
        NamedScore("recall_a", CLASSES, True)
    with pytest.raises(ValueError, match="need y_score"):
        NamedScore("auc_a", CLASSES, False)
