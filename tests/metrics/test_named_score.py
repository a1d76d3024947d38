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
        ("macro_f1", 2),
    ],
)
def test_patients_of_the_smaller_side(name, n_patients):
    assert NamedScore(name, CLASSES, True).count_patients(SAMPLES) == n_patients


def test_sides_of_different_size():
    is_true = np.eye(2, dtype=bool)[[0, 0, 0, 1]]
    samples = SampleScores(is_true, is_true, None, np.arange(4))
    counts = {
        name: NamedScore(name, [0, 1], False).count_patients(samples)
        for name in ("sensitivity_0", "specificity_0", "f1_0", "balanced_accuracy")
    }
    assert list(counts.values()) == [3, 1, 1, 1]


def test_unknown_names():
    with pytest.raises(ValueError, match=r"no score 'recall_a'.*'sensitivity_a_b'"):
        NamedScore("recall_a", CLASSES, True)
    with pytest.raises(ValueError, match="need y_score"):
        NamedScore("auc_a", CLASSES, False)
