"""Gaps between subgroups, against Newcombe's example and a plain bootstrap."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from cxrclf.metrics import (
    Estimate,
    SubgroupGap,
    SubgroupGaps,
    proportion_interval,
)
from cxrclf.metrics._subgroup_gaps import (
    GroupScore,
    count_pairs,
    difference,
    find_gap,
    format_p,
    pair_level,
)


def share(k, n):
    correct = np.arange(n) < k
    return proportion_interval(correct), (correct - k / n) / n


def test_the_difference_of_two_proportions_is_that_of_newcombe():
    # R. G. Newcombe, "Interval estimation for the difference between independent
    # proportions", Statistics in Medicine 17, 1998, Table II, method 10.
    for (a, m), (b, n), bounds in [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ]:
        (first, one), (second, other) = share(a, m), share(b, n)
        influences = np.zeros((2, m + n))  # different patients
        influences[0, :m], influences[1, m:] = one, other
        found = difference(first, second, *influences)
        assert found.value == pytest.approx(a / m - b / n)
        assert_allclose(found[1:], bounds, atol=1e-4)


def test_a_difference_of_the_same_patients_is_narrower():
    rng = np.random.default_rng(0)
    easy = rng.normal(size=200)
    first = easy + 0.3 * rng.normal(size=200) > -0.5
    second = easy + 0.3 * rng.normal(size=200) > -0.2
    found = difference(
        proportion_interval(first),
        proportion_interval(second),
        (first - first.mean()) / 200,
        (second - second.mean()) / 200,
    )
    draws = rng.integers(0, 200, (4000, 200))
    resampled = first[draws].mean(axis=1) - second[draws].mean(axis=1)
    expected = np.quantile(resampled, [0.025, 0.975])
    assert_allclose(found[1:], expected, atol=0.015)


def test_equal_errors_of_two_patients_do_not_cancel():
    correct = np.array([True] * 9 + [False] * 3)
    patients = np.arange(12) % 2
    share = proportion_interval(correct, groups=patients)
    influence = np.bincount(patients, (correct - 0.75) / 12)
    assert influence.any()
    found = difference(share, share, influence, influence)
    # As wide as the difference of scores of different patients.
    half = np.hypot(share.value - share.low, share.high - share.value)
    assert_allclose(found, [0, -half, half])


def test_the_largest_gap_is_corrected_for_the_number_of_pairs():
    assert count_pairs(4) == 6
    assert pair_level(0.95, 4) == pytest.approx(1 - 0.05 / 6)
    level = pair_level(0.95, 3)
    groups = []
    influences = np.zeros((3, 180))
    for j, k in enumerate((50, 30, 42)):
        correct = np.arange(60) < k
        influences[j, 60 * j : 60 * (j + 1)] = (correct - k / 60) / 60
        estimate = proportion_interval(correct, confidence_level=level)
        groups.append(GroupScore("abc"[j], estimate, influences[j]))
    gap = find_gap("site", "sensitivity", groups, 0.95)
    assert gap[:4] == ("site", "sensitivity", "a", "b")
    below = np.hypot(
        groups[0].estimate.value - groups[0].estimate.low,
        groups[1].estimate.high - groups[1].estimate.value,
    )
    assert gap.estimate.low == pytest.approx(1 / 3 - below)
    error = below / norm.isf(0.05 / 6)
    assert gap.p_value == pytest.approx(3 * 2 * norm.sf(1 / 3 / error))


def test_the_p_value_is_below_5_percent_if_the_interval_is_above_0():
    for k in range(15, 26):
        groups = [GroupScore(name, *share(n, 30)) for name, n in (("a", 26), ("b", k))]
        # The same 30 influences would be the same patients.
        groups[1] = groups[1]._replace(influence=np.zeros(30))
        gap = find_gap("sex", "sensitivity", groups, 0.95)
        assert (gap.p_value < 0.05) == (gap.estimate.low > 0)


@pytest.fixture
def gaps():
    return SubgroupGaps(
        [
            SubgroupGap("sex", "f1", "M", "F", Estimate(0.2, 0.05, 0.3), 1e-5, 2e-5),
            SubgroupGap("a|b", "f1", "x", "y", Estimate(0.1, -0.1, 0.2), 0.2, 0.2),
        ],
        0.95,
    )


def test_formats(gaps, tmp_path):
    assert "0.200 [0.050, 0.300]  <0.001    <0.001" in str(gaps)
    assert r"| a\|b |" in gaps.to_markdown()
    assert gaps["sex", "f1"].highest == "M"
    assert [gap.by for gap in gaps] == ["sex", "a|b"]
    with pytest.raises(KeyError, match="No gap"):
        gaps["age", "f1"]
    frame = gaps.to_frame()
    assert frame["gap_low"].tolist() == [0.05, -0.1]
    gaps.to_csv(tmp_path / "gaps.csv")
    with open(tmp_path / "gaps.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == frame.columns.tolist()
    assert float(lines[0]["p_value"]) == 1e-5
    assert "large enough" in str(SubgroupGaps([], 0.95))


def test_p_values_are_short():
    assert [format_p(p) for p in (0.2, 0.0001, np.nan)] == ["0.200", "<0.001", "nan"]


def test_an_undefined_interval_has_no_p_value():
    undefined = Estimate(0.9, np.nan, np.nan)
    groups = [
        GroupScore("a", undefined, np.array([0.1, 0.0])),
        GroupScore("b", share(5, 10)[0], np.array([0.0, 0.1])),
    ]
    gap = find_gap("site", "auc", groups, 0.95)
    assert gap.estimate.value == pytest.approx(0.4)
    assert np.isnan([*gap.estimate[1:], gap.p_value]).all()
