import numpy as np
import pytest
from scipy.stats import norm, t

from cxrclf.metrics import delong_test, roc_auc_interval

# Made-up scores with ties. MLstatkit 0.1.91 (Delong_test) gives for them the AUCs 0.9
# and 0.8, z = -1.3314134859252371, p = 0.1830529944000454 (from the normal
# distribution) and the variance 0.005641233766233768 of the difference.
Y = np.array([1] * 12 + [0] * 15)
A = np.array(
    [0.91, 0.62, 0.85, 0.47, 0.78, 0.55, 0.93, 0.71, 0.66, 0.88, 0.39, 0.81, 0.35, 0.52,
     0.12, 0.44, 0.61, 0.28, 0.09, 0.33, 0.57, 0.21, 0.18, 0.49, 0.73, 0.25, 0.40]
)  # fmt: skip
B = np.array(
    [0.72, 0.64, 0.51, 0.58, 0.83, 0.47, 0.77, 0.60, 0.42, 0.69, 0.45, 0.56, 0.38, 0.62,
     0.27, 0.53, 0.44, 0.41, 0.19, 0.36, 0.70, 0.32, 0.15, 0.58, 0.50, 0.29, 0.60]
)  # fmt: skip


def test_equals_another_library():
    found = delong_test(Y, A, B)
    assert found.difference.value == pytest.approx(0.1)
    assert found.statistic == pytest.approx(1.3314134859252371)
    assert 2 * norm.sf(found.statistic) == pytest.approx(0.1830529944000454)
    # The t distribution has at least 12 - 1 degrees of freedom, and at most 25.
    assert found.p_value > 0.1830529944000454
    assert 2 * t.sf(found.statistic, 25) <= found.p_value
    assert found.p_value <= 2 * t.sf(found.statistic, 11)
    half = (found.difference.high - found.difference.low) / 2
    quantile = half / np.sqrt(0.005641233766233768)
    assert t.isf(0.025, 25) <= quantile <= t.isf(0.025, 11)
    assert np.mean(found.difference[1:]) == pytest.approx(0.1)


def test_other_order_of_the_scores_has_the_other_sign():
    one, other = delong_test(Y, A, B), delong_test(Y, B, A)
    value, low, high = one.difference
    assert other.difference == pytest.approx((-value, -high, -low))
    assert other.statistic == -one.statistic
    assert other.p_value == one.p_value


def test_interval_excludes_0_where_the_p_value_is_below_the_level():
    found = delong_test(Y, A, B)
    for level, excludes in ((1 - found.p_value - 0.01, True), (0.95, False)):
        low = delong_test(Y, A, B, confidence_level=level).difference.low
        assert (low > 0) == excludes


def test_patients_and_not_images_count():
    single = delong_test(Y, A, B, groups=np.arange(27))
    assert single == delong_test(Y, A, B)
    copies = [np.tile(values, 6) for values in (Y, A, B, np.arange(27))]
    grouped = delong_test(*copies[:3], groups=copies[3])
    careless = delong_test(*copies[:3])
    assert grouped.statistic == pytest.approx(single.statistic)
    assert careless.p_value < 0.01 < grouped.p_value


def test_scores_of_equal_order_do_not_differ():
    found = delong_test(Y, A, np.exp(A))
    assert found.difference == (0, 0, 0)
    assert (found.statistic, found.p_value) == (0, 1)


def test_exchanged_images_of_one_class_do_not_differ():
    # 0.91 and 0.93 are above all negative images, so no placement changes.
    exchanged = A.copy()
    exchanged[[0, 6]] = exchanged[[6, 0]]
    found = delong_test(Y, A, exchanged)
    assert found.difference == (0, 0, 0)
    assert (found.statistic, found.p_value) == (0, 1)
    # The interval of a small change is small.
    changed = A.copy()
    changed[0] = 0.72  # below one negative image
    value, low, high = delong_test(Y, A, changed).difference
    assert value == pytest.approx(1 / 180)
    assert -0.02 < low < 0 < high < 0.03


def test_differences_that_cancel_out_within_patients():
    # Images 1 and 2 of one patient have other negative images below them.
    groups = np.arange(27)
    groups[2] = groups[1]
    exchanged = A.copy()
    exchanged[[1, 2]] = exchanged[[2, 1]]
    found = delong_test(Y, A, exchanged, groups=groups)
    images = delong_test(Y, A, exchanged)
    assert found.difference.value == pytest.approx(0)
    # 11 patients have positive images.
    ratio = t.isf(0.025, 10) / (images.difference.high / _standard_error(exchanged))
    assert found.difference.high == pytest.approx(images.difference.high * ratio)
    assert 0 < found.difference.high < 0.1


def _standard_error(other):
    """Return the standard error of DeLong, from all pairs of images."""
    differences = []
    for score in (A, other):
        pairs = score[Y == 1][:, None] - score[Y == 0]
        differences.append((np.sign(pairs) + 1) / 2)
    pairs = differences[0] - differences[1]
    variances = pairs.mean(axis=1).var(ddof=1) / 12, pairs.mean(axis=0).var(ddof=1) / 15
    return np.sqrt(sum(variances))


def test_two_scores_without_errors_have_the_exact_bound():
    rng = np.random.default_rng(0)
    found = delong_test(Y, Y + rng.random(27) / 2, Y + rng.random(27) / 2)
    low = roc_auc_interval(Y, Y).low
    assert found.difference == pytest.approx((0, low - 1, 1 - low))
    assert found.p_value == 1


def test_constant_score_against_a_score_without_errors():
    y = np.repeat([1, 0], 5)
    found = delong_test(y, y, np.zeros(10))
    assert found.difference.value == 0.5
    assert found.statistic == np.inf
    # The interval begins at 0 if the level is 1 minus the p-value.
    level = 1 - found.p_value
    edge = delong_test(y, y, np.zeros(10), confidence_level=level)
    assert edge.difference.low == pytest.approx(0)


def test_few_patients_have_no_interval():
    value, *bounds = delong_test([1, 0, 0], [3, 1, 2], [1, 2, 0]).difference
    assert value == 0.5
    assert np.isnan(bounds).all()
    assert np.isnan(delong_test([1, 1], [3, 1], [1, 2]).difference).all()


def test_errors_name_the_parameter():
    with pytest.raises(ValueError, match="score_b has 2 values"):
        delong_test(Y, A, [1, 2])
    with pytest.raises(ValueError, match="score_a contains NaN"):
        delong_test(Y, np.full(27, np.nan), B)
    with pytest.raises(ValueError, match="groups has 1 values"):
        delong_test(Y, A, B, groups=[1])
