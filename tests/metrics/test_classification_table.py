import warnings

import numpy as np
import pytest
from imblearn.metrics import classification_report_imbalanced
from numpy.testing import assert_allclose
from sklearn.metrics import (
    balanced_accuracy_score,
    classification_report,
    roc_auc_score,
)

from cxrclf.metrics import (
    classification_table,
    table_from_confusion,
    table_from_counts,
)

NAMES = np.array(["covid", "normal", "pneumonia"])


@pytest.fixture
def three_class_problem():
    rng = np.random.default_rng(0)
    truth = rng.choice(3, size=200, p=[0.1, 0.6, 0.3])
    score = rng.dirichlet(np.ones(3), size=200) + 0.7 * np.eye(3)[truth]
    score /= score.sum(axis=1, keepdims=True)
    return NAMES[truth], NAMES[score.argmax(axis=1)], score


def test_scores_computed_by_hand():
    #            predicted: a  b  c
    matrix = np.array([[5, 2, 1], [1, 6, 0], [0, 3, 2]])
    table = table_from_confusion(matrix, ["a", "b", "c"])
    assert table.rows == ("a", "b", "c", "macro average")
    assert table.columns == (
        "accuracy",
        "precision",
        "sensitivity",
        "specificity",
        "f1",
        "support",
    )
    expected = [
        [16 / 20, 5 / 6, 5 / 8, 11 / 12, 10 / 14, 8],
        [14 / 20, 6 / 11, 6 / 7, 8 / 13, 12 / 18, 7],
        [16 / 20, 2 / 3, 2 / 5, 14 / 15, 4 / 8, 5],
    ]
    assert_allclose(table.values[:3], expected)
    assert_allclose(table.values[3, :5], np.mean(expected, axis=0)[:5])
    assert table["macro average", "support"] == 20
    assert table.overall == pytest.approx(
        {"accuracy": 13 / 20, "balanced_accuracy": np.mean([5 / 8, 6 / 7, 2 / 5])}
    )


def test_agrees_with_the_reports_of_scikit_learn_and_imbalanced_learn(
    three_class_problem,
):
    y_true, y_pred, _ = three_class_problem
    table = classification_table(y_true, y_pred)
    report = classification_report(y_true, y_pred, output_dict=True)
    imbalanced = classification_report_imbalanced(y_true, y_pred, output_dict=True)
    for name in NAMES:
        assert table[name, "precision"] == pytest.approx(report[name]["precision"])
        assert table[name, "sensitivity"] == pytest.approx(report[name]["recall"])
        assert table[name, "f1"] == pytest.approx(report[name]["f1-score"])
        assert table[name, "support"] == report[name]["support"]
        assert table[name, "specificity"] == pytest.approx(imbalanced[name]["spe"])
    macro = report["macro avg"]
    assert table["macro average", "precision"] == pytest.approx(macro["precision"])
    assert table["macro average", "f1"] == pytest.approx(macro["f1-score"])
    assert table.overall["accuracy"] == pytest.approx(report["accuracy"])
    assert table.overall["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(y_true, y_pred)
    )


def test_auc_agrees_with_scikit_learn(three_class_problem):
    y_true, y_pred, score = three_class_problem
    table = classification_table(y_true, y_pred, score)
    per_class = roc_auc_score(y_true, score, multi_class="ovr", average=None)
    assert_allclose([table[name, "auc"] for name in NAMES], per_class)
    assert table["macro average", "auc"] == pytest.approx(per_class.mean())


def test_three_ways_to_the_same_table(three_class_problem):
    y_true, y_pred, _ = three_class_problem
    table = classification_table(y_true, y_pred)
    matrix = np.array([[((y_true == i) & (y_pred == j)).sum() for j in NAMES]
                       for i in NAMES])  # fmt: skip
    correct = matrix.diagonal()
    from_counts = table_from_counts(
        NAMES,
        correct=correct,
        missed=matrix.sum(axis=1) - correct,
        wrong=matrix.sum(axis=0) - correct,
    )
    for other in (table_from_confusion(matrix, NAMES), from_counts):
        assert other.rows == table.rows
        assert_allclose(other.values, table.values, rtol=0, atol=0)
        assert other.overall == table.overall


def test_labels_order_the_rows_and_nothing_else(three_class_problem):
    y_true, y_pred, score = three_class_problem
    by_default = classification_table(y_true, y_pred, score)
    order = ["pneumonia", "covid", "normal"]
    ordered = classification_table(y_true, y_pred, score, labels=order)
    assert ordered.rows == (*order, "macro average")
    for row in by_default.rows:
        for column in by_default.columns:
            assert ordered[row, column] == pytest.approx(by_default[row, column])


@pytest.mark.parametrize("dtype", [str, object, int, bool])
def test_kinds_of_labels(dtype):
    names = {
        str: np.array(["no", "yes"]),
        object: np.array(["no", "yes"], dtype=object),
        int: np.array([3, 10]),
        bool: np.array([False, True]),
    }[dtype]
    y_true, y_pred = names[[0, 0, 1, 1, 1]], names[[0, 1, 1, 1, 0]]
    table = classification_table(y_true, y_pred)
    assert table.rows[:2] == tuple(map(str, names))
    assert_allclose(table.values[:2, 2], [1 / 2, 2 / 3])
    # In a binary problem one class's sensitivity is the other's specificity.
    assert_allclose(table.values[:2, 3], [2 / 3, 1 / 2])


def test_binary_scores_of_the_last_class_alone_or_of_both():
    y_true = ["healthy", "covid", "healthy", "covid", "covid"]
    y_pred = ["healthy", "covid", "covid", "covid", "healthy"]
    healthy = np.array([0.9, 0.1, 0.45, 0.3, 0.6])
    one = classification_table(y_true, y_pred, healthy)
    two = classification_table(y_true, y_pred, np.column_stack([1 - healthy, healthy]))
    expected = roc_auc_score(np.array(y_true) == "healthy", healthy)
    for table in (one, two):
        assert table["healthy", "auc"] == pytest.approx(expected)
        assert table["covid", "auc"] == pytest.approx(expected)


def test_undefined_scores_are_nan_and_silent():
    score = np.eye(3)[[0, 0, 1, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = classification_table(
            ["a", "a", "b", "b"], ["a", "c", "a", "a"], score, labels=["a", "b", "c"]
        )
    # b is never predicted, c does not occur.
    assert np.isnan(table["b", "precision"])
    assert table["b", "sensitivity"] == 0
    assert table["b", "f1"] == 0
    assert np.isnan(table["c", "sensitivity"])
    assert np.isnan(table["c", "auc"])
    assert table["c", "precision"] == 0
    assert table["c", "specificity"] == pytest.approx(3 / 4)
    # Macro averages are over a and b, and nan where one of these is.
    assert np.isnan(table["macro average", "precision"])
    assert table["macro average", "sensitivity"] == pytest.approx((1 / 2 + 0) / 2)
    assert table["macro average", "auc"] == 1
    assert table.overall["balanced_accuracy"] == pytest.approx(1 / 4)


def test_only_one_class():
    table = classification_table(["a", "a"], ["a", "a"], [[0.9, 0.1]] * 2,
                                 labels=["a", "b"])  # fmt: skip
    assert table["a", "sensitivity"] == 1
    assert np.isnan(table["a", "specificity"])
    assert np.isnan(table["a", "auc"])
    assert table["b", "specificity"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a", "b"], ["a"]), "inconsistent numbers of samples"),
        (([], []), "no samples"),
        ((["a", "b"], ["a", "b"], None, ["a", "c"]), r"holds \['b'\], which labels"),
        ((["a", "b"], ["a", "b"], None, ["a", "a", "b"]), "different from each other"),
        ((["a", "b"], [1, 2]), "all str or all numbers, and have 'a' and 1"),
        (([0, 1], [0.2, 0.7]), "y_pred must hold class labels"),
        (
            (["a", "b"], ["a", "b"], np.eye(3)[:2]),
            r"= \(2, 2\), or \(n_samples,\), got",
        ),
        ((["a", "b", "c"], ["a", "b", "c"], [1, 2, 3]), r"= \(3, 3\), got \(3,\)"),
        ((["a", "b"], ["a", "b"], [0.1, 0.2, 0.3]), "inconsistent numbers of samples"),
        ((["a", "b"], ["a", "b"], [0.1, np.nan]), "y_score contains NaN"),
    ],
)
def test_bad_labels_and_scores(arguments, message):
    y_true, y_pred, *rest = arguments
    y_score, labels = (*rest, None, None)[:2]
    with pytest.raises(ValueError, match=message):
        classification_table(y_true, y_pred, y_score, labels=labels)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], "has shape"),
        (np.eye(3, dtype=int), "has shape"),
        ([[0.5, 0.5], [0, 1]], "whole numbers"),
        ([[1, -1], [0, 1]], "whole numbers"),
        ([[0, 0], [0, 0]], "no samples"),
    ],
)
def test_bad_confusion_matrix(matrix, message):
    with pytest.raises(ValueError, match=message):
        table_from_confusion(matrix, ["a", "b"])


def test_bad_counts():
    with pytest.raises(ValueError, match="one count for each of the 2 labels"):
        table_from_counts(["a", "b"], correct=[1, 2], missed=[0], wrong=[0, 0])
    with pytest.raises(ValueError, match="3 samples are missed but 2 are wrong"):
        table_from_counts(["a", "b"], correct=[1, 2], missed=[2, 1], wrong=[2, 0])
