import numpy as np
import pytest
from scipy.stats import binomtest, norm, t
from sklearn.metrics import roc_auc_score

from cxrclf.metrics import roc_auc_interval

# Made-up scores. MLstatkit 0.1.91 (Delong_test) gives for them the AUC 0.9 and the
# bounds 0.785906383864809 and 1.0139... (written as 1.0) at 95 %.
Y = np.array([1] * 12 + [0] * 15)
SCORE = [
    0.91, 0.62, 0.85, 0.47, 0.78, 0.55, 0.93, 0.71, 0.66, 0.88, 0.39, 0.81,
    0.35, 0.52, 0.12, 0.44, 0.61, 0.28, 0.09, 0.33, 0.57, 0.21, 0.18, 0.49, 0.73, 0.25,
    0.40,
]  # fmt: skip
ERROR = (0.9 - 0.785906383864809) / norm.isf(0.025)


def test_standard_error_is_that_of_another_library():
    value, low, high = roc_auc_interval(Y, SCORE)
    assert value == pytest.approx(0.9)
    logit = np.log([low / (1 - low), high / (1 - high)])
    assert logit.mean() == pytest.approx(np.log(9))
    quantile = np.diff(logit)[0] / 2 * 0.9 * 0.1 / ERROR
    # Both classes have nearly equal parts of the variance: up to 12 + 15 - 2 degrees.
    assert t.isf(0.025, 25) < quantile < t.isf(0.025, 11)


def test_published_ratings_of_a_radiologist():
    # Ratings of 58 normal and 51 abnormal CT images, from Hanley and McNeil, "The
    # meaning and use of the area under a receiver operating characteristic (ROC)
    # curve", Radiology 143, 1982. The manual of Stata ([R] roctab) prints for them the
    # area 0.8932, the standard error 0.0307 (DeLong) and 0.83295 to 0.95339.
    ratings = np.arange(1, 6)
    y = np.repeat([0, 1], [58, 51])
    score = np.repeat(np.tile(ratings, 2), [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    value, low, high = roc_auc_interval(y, score)
    assert value == pytest.approx(0.8932, abs=5e-5)
    half = np.diff(np.log([low / (1 - low), high / (1 - high)]))[0] / 2
    error = (0.95339 - 0.83295) / 2 / norm.isf(0.025)
    quantile = half * value * (1 - value) / error
    # Welch-Satterthwaite: between the smaller class and both together, less 1 each.
    assert t.isf(0.025, 107) < quantile < t.isf(0.025, 50)


@pytest.mark.parametrize("n_errors", [1, 2, 4, 8, 12])
def test_interval_is_at_most_as_wide_as_of_a_share_of_patients(n_errors):
    # 20 + 30 patients with 3 images each. Some images of one positive patient, or of
    # several, have the lowest scores.
    y, patients = np.repeat([1, 0], [60, 90]), np.repeat(np.arange(50), 3)
    for score in (y + 0.0, np.arange(150) / 150 + 2 * y):
        score[:n_errors] = -1
        found = roc_auc_interval(y, score, groups=patients)
        # Wilson for 20 images: the root of (p - value)**2 = z**2 p (1 - p) / 20.
        z, value = norm.isf(0.025), found.value
        widest = np.roots([1 + z**2 / 20, -2 * value - z**2 / 20, value**2])
        assert widest.min() - 1e-9 <= found.low < value < found.high
        assert found.high <= widest.max() + 1e-9
        separated = roc_auc_interval(y, y, groups=patients)
        assert found.low < separated.low
        if n_errors == 1:
            assert separated.low - found.low < 0.03


def test_one_image_per_patient_is_the_same_as_no_groups():
    patients = np.random.default_rng(0).permutation(len(Y)).astype(str)
    assert roc_auc_interval(Y, SCORE, groups=patients) == roc_auc_interval(Y, SCORE)


def test_copies_of_images_give_no_information():
    once = roc_auc_interval(Y, SCORE)
    twice = roc_auc_interval(
        np.tile(Y, 4), np.tile(SCORE, 4), groups=np.tile(np.arange(len(Y)), 4)
    )
    assert twice.value == pytest.approx(once.value)
    # The degrees of freedom are fewer, because the patients are known to be clustered.
    assert twice.low <= once.low
    assert twice.high >= once.high
    careless = roc_auc_interval(np.tile(Y, 4), np.tile(SCORE, 4))
    assert careless.low > once.low


@pytest.mark.parametrize(("m", "n"), [(5, 9), (9, 5)])
def test_bound_of_separated_classes_is_that_of_all_successes(m, n):
    y = np.repeat([1, 0], [m, n])
    low = binomtest(5, 5).proportion_ci(0.9, "exact").low
    expected = pytest.approx((1, low, 1))
    assert roc_auc_interval(y, y + 0.0, confidence_level=0.9) == expected
    value, low, high = roc_auc_interval(y, 1.0 - y, confidence_level=0.9)
    assert (1 - value, 1 - high, 1 - low) == expected
    # Three images each of five patients count as five.
    y, groups = np.repeat(y, 3), np.repeat(np.arange(m + n), 3)
    assert roc_auc_interval(y, y, confidence_level=0.9, groups=groups) == expected


def test_equal_scores_have_an_interval_around_one_half():
    value, low, high = roc_auc_interval(Y, np.ones(27))
    assert value == 0.5
    assert low == pytest.approx(1 - high)
    assert 0 < low < 0.5


def test_equal_patients_have_an_interval():
    # Rounding leaves a variance of 3e-33.
    y, score = np.tile([1, 1, 1, 0, 0], 8), np.tile([0.9, 0.6, 0.3, 0.5, 0.4], 8)
    value, low, high = roc_auc_interval(y, score, groups=np.repeat(np.arange(8), 5))
    bound = binomtest(8, 8).proportion_ci(0.95, "exact").low
    assert value == pytest.approx(2 / 3)
    assert low == pytest.approx(2 / 3 * bound)
    assert 1 - high == pytest.approx(1 / 3 * bound)


def test_scale_and_direction_of_the_scores():
    value, low, high = roc_auc_interval(Y == 1, np.exp(SCORE))
    assert (value, low, high) == roc_auc_interval(Y, SCORE)
    reverse = roc_auc_interval(Y == 0, SCORE)
    assert reverse == pytest.approx((1 - value, 1 - high, 1 - low))


@pytest.mark.parametrize("y", [[1, 1, 1], [0, 0, 0], []])
def test_one_class_has_no_auc(y):
    assert np.isnan(roc_auc_interval(y, np.arange(len(y)))).all()


def test_one_patient_of_a_class_has_no_interval():
    y, score, groups = [1, 1, 0, 0, 0], [3, 1, 2, 0, 1], [1, 1, 2, 3, 4]
    value, low, high = roc_auc_interval(y, score, groups=groups)
    assert value == roc_auc_score(y, score)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"y_true": ["covid", "normal"] * 2}, "y_true must have only True and False"),
        ({"y_score": [1, 2]}, "y_score has 2 values"),
        ({"groups": [1, 2]}, "groups has 2 values"),
        ({"confidence_level": 95}, "confidence_level must lie in"),
    ],
)
def test_invalid_parameters(parameters, message):
    valid = {"y_true": [1, 0, 1, 0], "y_score": [4, 3, 2, 1]}
    with pytest.raises(ValueError, match=message):
        roc_auc_interval(**(valid | parameters))


def test_interval_covers_the_true_auc_of_clustered_images():
    # 30 + 30 patients with 1 to 8 images each, correlation 0.7, AUC 0.95. In 4,000 runs
    # the coverage was 0.956. In 300 runs, 270 or fewer would occur with probability
    # 3e-5 for this coverage. Intervals that ignore the patients cover the AUC in 0.69
    # of the runs, and pass with probability 3e-18.
    rng = np.random.default_rng(0)
    distance = np.sqrt(2) * norm.ppf(0.95)
    covered = 0
    for _ in range(300):
        counts = rng.integers(1, 9, 60)
        patients = np.repeat(np.arange(60), counts)
        y = patients < 30
        noise = rng.normal(size=60)[patients] * np.sqrt(0.7)
        noise += rng.normal(size=len(patients)) * np.sqrt(0.3)
        interval = roc_auc_interval(y, noise + distance * y, groups=patients)
        covered += interval.low <= 0.95 <= interval.high
    assert covered > 270
