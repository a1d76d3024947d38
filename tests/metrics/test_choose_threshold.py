import numpy as np
import pytest

from cxrclf.metrics import choose_threshold, fold_thresholds


def reach(y, score, threshold):
    predicted = score >= threshold
    return predicted[y].mean(), (~predicted)[~y].mean()


@pytest.mark.parametrize("value", [0, 0.3, 0.9, 0.95, 1])
def test_no_other_threshold_is_better(value):
    rng = np.random.default_rng(0)
    y = rng.random(100) < 0.4
    score = (y + rng.normal(size=100)).round(1)
    candidates = [*np.unique(score), np.inf]
    all_reached = np.array([reach(y, score, c) for c in candidates])
    for name, own, other in (("sensitivity", 0, 1), ("specificity", 1, 0)):
        found = reach(y, score, choose_threshold(y, score, **{name: value}))
        enough = all_reached[:, own] >= value
        assert found[own] >= value
        assert found[other] == all_reached[enough, other].max()


def test_required_value_that_is_a_rounded_share_is_reached_exactly():
    y = np.arange(20) < 10
    score = np.where(y, np.arange(20), -np.arange(20.0))
    # 0.7 * 10 is 7.000000000000001 for some numbers of images.
    for k in range(1, 11):
        threshold = choose_threshold(y, score, sensitivity=k / 10)
        assert reach(y, score, threshold)[0] == k / 10


def test_all_scores_are_equal():
    y = np.array([True, False])
    assert choose_threshold(y, [1.0, 1.0], sensitivity=1) == 1
    assert choose_threshold(y, [1.0, 1.0], specificity=1) > 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_threshold_above_all_scores_in_their_precision(dtype):
    y, score = np.array([0, 1, 0, 1]) == 1, np.array([0.2, 0.3, 0.9, 0.5], dtype)
    for goal in ({"specificity": 1.0}, {"sensitivity": 0.0}):
        threshold = choose_threshold(y, score, **goal)
        assert not (score >= threshold).any()
        assert threshold == pytest.approx(0.9, abs=1e-3)
        folds = np.array([0, 0, 1, 1])
        found = fold_thresholds(np.tile(y, 2), np.tile(score, 2), np.repeat(folds, 2),
                                **goal)  # fmt: skip
        assert not (score >= found.thresholds[0]).any()
    assert choose_threshold(y, [2, 3, 9, 5], specificity=1.0) == np.nextafter(9.0, 10)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "Pass either sensitivity or specificity, got sensitivity=None"),
        ({"sensitivity": 1, "specificity": 1}, "Pass either sensitivity or"),
        ({"sensitivity": 95}, "sensitivity must be a number in"),
        ({"specificity": "all"}, "specificity must be a number in"),
        ({"specificity": 1, "y_true": [1, 1]}, "y_true has no negative images"),
        ({"specificity": 1, "y_true": [0, 0]}, "y_true has no positive images"),
        ({"specificity": 1, "y_score": [1]}, "y_score has 1 values"),
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        choose_threshold(**({"y_true": [0, 1], "y_score": [0.5, 1]} | parameters))
