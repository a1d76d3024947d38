"""Phases keep the published proportions for data of any size."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.sampling import PhasedBalancedSplit
from cxrclf.studies._proportional_phases import ProportionalPhases

PUBLISHED = {
    "per_phase": {"normal": 250, "pneumonia": 200},
    "shared": {"pneumonia": 34},
    "random_state": 0,
}


def labels(**n_rows):
    return np.repeat(list(n_rows), list(n_rows.values()))


def test_published_numbers_give_the_published_phases():
    y = labels(covid=149, normal=2000, pneumonia=1634)
    phases = list(ProportionalPhases(8, **PUBLISHED).split(None, y))
    expected = PhasedBalancedSplit(8, **PUBLISHED).split(None, y)
    assert all(map(np.array_equal, phases, expected))
    assert [len(rows) for rows in phases] == [633] * 8


def test_proportions_remain_without_a_tenth_of_the_rows():
    # The training set of the published data after a tenth is held out.
    y = labels(covid=134, normal=1800, pneumonia=1471)
    plan = ProportionalPhases(8, **PUBLISHED).plan(y)
    assert plan.n_phases == 8
    # 34 of 1,634 images are in every phase; 30 = 34 · 1471 / 1634, rounded down.
    assert plan.shared == {"covid": 134, "normal": 0, "pneumonia": 30}
    assert plan.per_phase == {"covid": 0, "normal": 225, "pneumonia": 180}
    assert max(plan.left_over.values()) < 8


@pytest.mark.parametrize(
    ("n_rows", "n_phases"),
    [
        ({"covid": 10, "normal": 80, "pneumonia": 90}, 8),
        ({"covid": 10, "normal": 79, "pneumonia": 90}, 7),
        ({"covid": 10, "normal": 80, "pneumonia": 25}, 2),
        ({"covid": 10, "normal": 10, "pneumonia": 10}, 1),
    ],
)
def test_no_phase_has_more_rare_than_frequent_rows_if_there_is_a_choice(
    n_rows, n_phases
):
    y = labels(**n_rows)
    phases = list(ProportionalPhases(8, **PUBLISHED).split(None, y))
    assert len(phases) == n_phases
    for rows in phases:
        counts = Counter(y[rows].tolist())
        assert counts["covid"] == 10
        assert min(counts.values()) == 10


def test_missing_class_is_named():
    with pytest.raises(ValueError, match=r"shared names \['pneumonia'\]"):
        ProportionalPhases(8, **PUBLISHED).plan(labels(covid=3, normal=90))


def test_it_is_a_parameter_of_scikit_learn():
    phases = clone(ProportionalPhases(8, **PUBLISHED)).set_params(n_phases=2)
    y = labels(covid=10, normal=200, pneumonia=200)
    assert phases.plan(y).n_phases == 2
