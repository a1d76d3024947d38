import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from cxrclf.metrics import bootstrap_interval, calibration_scores

NAMES = np.array(["covid", "normal", "pneumonia"])


@pytest.fixture(scope="module")
def three_classes():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 2, 1], 150)
    codes = (rng.random(150)[:, None] > proba.cumsum(axis=1)).sum(axis=1)
    return NAMES[codes], proba, rng.integers(0, 50, 150)


def test_values_are_those_of_scikit_learn(three_classes):
    y_true, proba, _ = three_classes
    table = calibration_scores(y_true, proba, n_resamples=100)
    assert table.rows == (*NAMES, "overall")
    for j, name in enumerate(NAMES):
        is_true = y_true == name
        brier = brier_score_loss(is_true, proba[:, j])
        assert table[name, "brier"].value == pytest.approx(brier)
        loss = log_loss(is_true, proba[:, j])
        assert table[name, "log_loss"].value == pytest.approx(loss)
    brier = brier_score_loss(y_true, proba, labels=NAMES)
    assert table["overall", "brier"].value == pytest.approx(brier)
    assert table["overall", "log_loss"].value == pytest.approx(log_loss(y_true, proba))


def test_two_classes_have_the_scores_of_scikit_learn():
    y_true, proba = np.array([0, 1, 1, 0, 1]), np.array([0.2, 0.7, 1.0, 1.0, 0.4])
    table = calibration_scores(y_true, proba, n_resamples=100)
    brier = brier_score_loss(y_true, proba)
    for row in (0, 1, "overall"):
        assert table[row, "brier"].value == pytest.approx(brier)
        assert table[row, "log_loss"].value == pytest.approx(log_loss(y_true, proba))
    slope, mirrored = table[1, "slope"], table[0, "slope"]
    assert mirrored == pytest.approx(slope, rel=1e-4)
    intercept, mirrored = table[1, "intercept"], table[0, "intercept"]
    assert mirrored.value == pytest.approx(-intercept.value)


def test_intervals_resample_patients(three_classes):
    y_true, proba, groups = three_classes
    table = calibration_scores(y_true, proba, groups=groups, n_resamples=300)
    losses = (proba[:, 0] - (y_true == "covid")) ** 2
    expected = bootstrap_interval(np.mean, losses, groups=groups, n_resamples=300)
    assert table["covid", "brier"] == pytest.approx(expected)
    assert table.n_patients == len(set(groups))


def test_calibrated_probabilities_have_the_error_of_the_null(three_classes):
    y_true, proba, _ = three_classes
    # Bounds of 99.9 %: a right table fails with probability 0.5 % for another seed.
    settings = {"n_resamples": 2000, "confidence_level": 0.999}
    table = calibration_scores(y_true, proba, **settings)
    too_extreme = proba**4 / (proba**4).sum(axis=1, keepdims=True)
    wrong = calibration_scores(y_true, too_extreme, **settings)
    for row in table.rows:
        assert table[row, "ece"].value < table[row, "ece_null"].high
        assert wrong[row, "ece"].value > wrong[row, "ece_null"].high
    for name in NAMES:
        assert table[name, "slope"].value > 2 * wrong[name, "slope"].value
        assert wrong[name, "slope"].high < 1


def test_class_without_images_has_no_slope(three_classes):
    proba = three_classes[1]
    y_true = np.where(np.arange(150) < 70, "covid", "normal")
    table = calibration_scores(y_true, proba, classes=NAMES, n_resamples=100)
    assert np.isnan(table["pneumonia", "slope"]).all()
    assert table["pneumonia", "brier"].value == pytest.approx((proba[:, 2] ** 2).mean())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bins": 0}, "n_bins must be an int, 1 or more"),
        ({"groups": [1]}, "groups has 1 values"),
        ({"y_true": ["overall", "a"]}, "would be named 'overall'. Rename the class"),
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        calibration_scores(**({"y_true": [0, 1], "y_proba": [0.1, 0.9]} | parameters))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_loss_of_probability_0_depends_on_the_precision(dtype):
    y, proba = [0, 1, 0, 0], np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype)
    found = calibration_scores(y, proba)["overall", "log_loss"].value
    assert found == pytest.approx(log_loss(y, proba))
    assert found == pytest.approx(-np.log(np.finfo(dtype).eps) / 4, rel=1e-6)
