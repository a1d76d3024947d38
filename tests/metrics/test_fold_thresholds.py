import numpy as np
import pytest

from cxrclf.metrics import choose_threshold, fold_thresholds, proportion_interval


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.random(120) < 0.5
    groups = np.arange(120) // 2
    return y, 1.5 * y + rng.normal(size=120), groups % 4, groups


@pytest.mark.parametrize("goal", [{"sensitivity": 0.9}, {"specificity": 0.8}])
def test_thresholds_come_from_the_other_folds(data, goal):
    y, score, fold, groups = data
    found = fold_thresholds(y, score, fold, groups=groups, **goal)
    assert list(found.thresholds) == [0, 1, 2, 3]
    for name, threshold in found.thresholds.items():
        others = fold != name
        assert threshold == choose_threshold(y[others], score[others], **goal)
        expected = score[~others] >= threshold
        np.testing.assert_array_equal(found.y_pred[~others], expected)
    expected = proportion_interval(found.y_pred[y], groups=groups[y])
    assert found.sensitivity == expected
    expected = proportion_interval(~found.y_pred[~y], groups=groups[~y])
    assert found.specificity == expected
    assert str(found).startswith("4 thresholds from ")


def test_fold_does_not_change_its_own_threshold(data):
    y, score, fold, _ = data
    before = fold_thresholds(y, score, fold, sensitivity=0.9)
    changed = np.where(fold == 2, -score, score)
    after = fold_thresholds(y, changed, fold, sensitivity=0.9)
    assert after.thresholds[2] == before.thresholds[2]
    assert after.thresholds[0] != before.thresholds[0]


def test_names_of_folds(data):
    y, score, fold, _ = data
    names = np.array(["north", "south", "east", "west"])[fold]
    found = fold_thresholds(y, score, names, sensitivity=0.9, confidence_level=0.5)
    assert list(found.thresholds) == ["east", "north", "south", "west"]
    wide = fold_thresholds(y, score, names, sensitivity=0.9)
    assert wide.sensitivity.low < found.sensitivity.low
    assert found != wide


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fold": [0] * 120}, "fold must have 2 folds or more, got \\[0\\]"),
        ({"fold": [0, 1]}, "fold has 2 values, but y_true has 120"),
        ({"fold": np.arange(120) % 2}, "60 patients have images in several folds"),
        ({"sensitivity": None}, "Pass either sensitivity or specificity"),
        ({"y_true": np.arange(120) < 1}, "y_true has no positive images"),
    ],
)
def test_invalid_parameters(data, parameters, message):
    names = ("y_true", "y_score", "fold", "groups")
    valid = dict(zip(names, data, strict=True)) | {"sensitivity": 0.9}
    with pytest.raises(ValueError, match=message):
        fold_thresholds(**(valid | parameters))
