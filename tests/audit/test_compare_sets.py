import numpy as np
import pytest

from cxrclf.audit._compare_sets import compare_calibration, compare_sets, subtract
from cxrclf.metrics import Estimate, Predictions, roc_auc_interval


def make_predictions(seed, n=90, groups=None):
    random = np.random.default_rng(seed)
    classes = np.array(["covid", "normal", "pneumonia"])
    y_true = classes[np.arange(n) % 3]
    y_score = random.dirichlet([1, 1, 1], n) + 0.5 * (y_true[:, None] == classes)
    y_score /= y_score.sum(axis=1, keepdims=True)
    return Predictions(y_true, classes[y_score.argmax(axis=1)], y_score, groups=groups)


INTERNAL = make_predictions(0)
EXTERNAL = make_predictions(1, n=60, groups=np.arange(60) // 2)


def test_scores_and_their_differences():
    scores = compare_sets(INTERNAL, EXTERNAL)["scores"]
    assert scores["score"] == ["accuracy", "balanced_accuracy", "auc"]
    for i in range(3):
        inside, outside = scores["internal"][i], scores["external"][i]
        assert scores["difference"][i].value == pytest.approx(
            outside.value - inside.value, abs=1e-12
        )
    accuracy = np.mean(EXTERNAL.y_true == EXTERNAL.y_pred)
    assert scores["external"][0].value == pytest.approx(accuracy, abs=1e-12)


def test_areas_of_each_class_count_patients():
    classes = compare_sets(INTERNAL, EXTERNAL)["classes"]
    assert classes["class"] == ["covid", "normal", "pneumonia"]
    assert classes["internal_images"] == [30, 30, 30]
    assert classes["external_images"] == [20, 20, 20]
    for i, label in enumerate(classes["class"]):
        expected = roc_auc_interval(
            EXTERNAL.y_true == label, EXTERNAL.y_score[:, i], groups=EXTERNAL.groups
        )
        np.testing.assert_allclose(classes["external_auc"][i], expected, rtol=1e-9)


def test_difference_of_two_estimates_by_the_published_example():
    # Zou and Donner 2008, section 3.1: proportions of 56 of 70 and 48 of 80. Their
    # Wilson intervals give a difference of .2000 with the interval .0524 to .3339
    # (Newcombe's method 10, Statistics in Medicine 17, 1998).
    from scipy.stats import binomtest

    def wilson(k, n):
        interval = binomtest(k, n).proportion_ci(method="wilson")
        return Estimate(k / n, interval.low, interval.high)

    difference = subtract(wilson(56, 70), wilson(48, 80))
    np.testing.assert_allclose(difference, [0.2, 0.0524, 0.3339], atol=5e-5)


def test_calibration_of_both_sets():
    table = compare_calibration(INTERNAL, EXTERNAL, random_state=0)
    keys = list(zip(table["class"], table["score"], strict=True))
    assert keys[:3] == [
        ("overall", "brier"),
        ("overall", "ece"),
        ("overall", "ece_null"),
    ]
    assert keys[3:5] == [("covid", "slope"), ("covid", "intercept")]
    assert len(keys) == 9
    is_class = EXTERNAL.y_true[:, None] == EXTERNAL.classes
    expected = ((EXTERNAL.y_score - is_class) ** 2).sum(axis=1).mean()
    assert table["external"][0].value == pytest.approx(expected, abs=1e-12)
    assert table["internal"][0].value != table["external"][0].value


def test_sets_are_compared_on_the_classes_that_both_have():
    kept = EXTERNAL.y_true != "covid"
    tables = compare_sets(INTERNAL, EXTERNAL.subset(kept))
    inside = INTERNAL.y_true != "covid"
    recalls = [
        np.mean(INTERNAL.y_pred[INTERNAL.y_true == label] == label)
        for label in ("normal", "pneumonia")
    ]
    scores = tables["scores"]
    assert scores["internal"][0].value == pytest.approx(
        np.mean(INTERNAL.y_pred[inside] == INTERNAL.y_true[inside])
    )
    assert scores["internal"][1].value == pytest.approx(np.mean(recalls))
    assert tables["classes"]["class"] == ["normal", "pneumonia"]
