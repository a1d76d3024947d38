"""Phases have the promised rows: those of the published study, and by the rule."""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from cxrclf.sampling import PhasedBalancedSplit

COVID, PNEUMONIA, NORMAL = 149, 1634, 2000


def imbalanced(**n_rows):
    """Labels in a mixed order, with these numbers of rows."""
    y = np.repeat(list(n_rows), list(n_rows.values()))
    return np.random.default_rng(0).permutation(y)


@pytest.fixture(scope="module")
def y_rahimzadeh():
    return imbalanced(covid=COVID, pneumonia=PNEUMONIA, normal=NORMAL)


def cut(split, y, **options):
    return list(split.split(None, y, **options))


def common_rows(phases):
    return set.intersection(*map(set, phases))


@pytest.mark.parametrize("by_mask", [False, True])
def test_phases_of_the_published_study(y_rahimzadeh, by_mask):
    y = y_rahimzadeh
    marked = np.flatnonzero(y == "pneumonia")[100:134]
    split = PhasedBalancedSplit(
        n_phases=8, per_phase={"normal": 250, "pneumonia": 200}, random_state=0
    )
    if by_mask:
        options = {"shared_rows": np.isin(np.arange(len(y)), marked)}
    else:
        split.set_params(shared={"pneumonia": 34})
        options = {}
    phases = cut(split, y, **options)
    assert [len(phase) for phase in phases] == [633] * 8
    common = common_rows(phases)
    assert Counter(y[list(common)].tolist()) == {"covid": 149, "pneumonia": 34}
    if by_mask:
        assert common & set(np.flatnonzero(y == "pneumonia")) == set(marked)
    own = [set(phase) - common for phase in phases]
    for rows in own:
        assert Counter(y[list(rows)].tolist()) == {"normal": 250, "pneumonia": 200}
    assert all(not one & other for one, other in combinations(own, 2))
    assert len(set.union(*map(set, phases))) == 3783

    plan = split.plan(y, **options)
    assert (plan.n_phases, plan.phase_size, plan.n_used) == (8, 633, 3783)
    assert plan.shared == {"covid": 149, "normal": 0, "pneumonia": 34}
    assert plan.per_phase == {"covid": 0, "normal": 250, "pneumonia": 200}
    assert set(plan.left_over.values()) == set(plan.recurring.values()) == {0}


def test_number_of_phases_that_the_scarcest_class_allows():
    y = imbalanced(covid=180, pneumonia=6054, normal=8851)
    split = PhasedBalancedSplit(per_phase={"normal": 250, "pneumonia": 200})
    plan = split.plan(y)
    assert plan.n_phases == 6054 // 200 == 30
    assert plan.left_over == {"covid": 0, "normal": 1351, "pneumonia": 54}
    assert plan.n_used == 180 + 30 * 450


def test_plan_states_what_is_left_over():
    y = imbalanced(covid=180, pneumonia=6054, normal=8851)
    split = PhasedBalancedSplit(
        8, per_phase={"normal": 250, "pneumonia": 200}, shared={"pneumonia": 34}
    )
    assert str(split.plan(y)).splitlines() == [
        "8 phases of 664 rows; 3814 of 15085 rows are used",
        "           rows  in every phase  dealt to a phase  recurring  left over",
        "covid       180             180                 0          0          0",
        "normal     8851               0               250          0       6851",
        "pneumonia  6054              34               200          0       4420",
    ]
    used = np.unique(np.concatenate(cut(split, y)))
    assert Counter(y[used].tolist()) == {
        "covid": 180,
        "normal": 2000,
        "pneumonia": 1634,
    }


def test_automatic_phases_of_the_published_training_set(y_rahimzadeh):
    plan = PhasedBalancedSplit(8).plan(y_rahimzadeh)
    assert plan.shared == {"covid": 149, "normal": 0, "pneumonia": 0}
    assert plan.per_phase == {"covid": 0, "normal": 250, "pneumonia": 205}
    assert plan.recurring == {"covid": 0, "normal": 0, "pneumonia": 8 * 205 - 1634}
    assert plan.n_used == 3783
    assert PhasedBalancedSplit().plan(y_rahimzadeh).n_phases == round(2000 / 149) == 13


@pytest.mark.parametrize(("largest", "n_phases"), [(149, 1), (150, 2), (249, 2)])
def test_automatic_number_of_phases_is_rounded(largest, n_phases):
    plan = PhasedBalancedSplit().plan(np.repeat([0, 1], [100, largest]))
    assert plan.n_phases == n_phases


@pytest.mark.parametrize("seed", range(60))
def test_automatic_rule_on_random_counts(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, [8, 40, 120, 120][: rng.integers(2, 5)])
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    smallest, largest = counts.min(), counts.max()
    n_phases = "auto" if rng.random() < 0.5 else int(rng.integers(1, largest + 1))
    shared = None
    if rng.random() < 0.3:
        shared = {1: int(rng.integers(0, counts[1] + 1))}
    split = PhasedBalancedSplit(n_phases, shared=shared, random_state=seed)
    phases, plan = cut(split, y), split.plan(y)

    in_phase = np.array([np.bincount(y[phase]) for phase in phases])
    assert (in_phase == in_phase[0]).all()
    assert (in_phase >= smallest).all()
    assert all(len(np.unique(phase)) == len(phase) for phase in phases)
    times = np.bincount(np.concatenate(phases), minlength=len(y))
    assert times.min() >= 1  # nothing is left over
    if n_phases == "auto" and shared is None:
        assert in_phase.max() <= 1.5 * smallest
    for label, n in enumerate(counts):
        of_class = np.sort(times[y == label])
        n_shared = plan.shared[label]
        dealt = of_class[: n - n_shared]
        assert (of_class[n - n_shared :] == len(phases)).all()
        # No row has had a second turn before all others have had their first.
        assert len(dealt) == 0 or dealt[-1] - dealt[0] <= 1
        if not (shared or {}).get(label):
            assert in_phase[0, label] == max(smallest, -(-n // len(phases)))
            assert plan.recurring[label] == np.sum(dealt > 1)
        assert plan.shared[label] + plan.per_phase[label] == in_phase[0, label]
        assert plan.left_over[label] == 0
        assert plan.n_rows[label] == n
    assert plan.n_phases == len(phases) == split.get_n_splits(None, y)
    assert plan.phase_size == len(phases[0])
    assert plan.n_used == len(y)


@pytest.mark.parametrize("seed", range(30))
def test_named_classes_on_random_counts(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(20, 200, size=4)
    y = rng.permutation(np.repeat(np.arange(4), counts))
    n_phases = int(rng.integers(1, 6))
    per_phase = {0: int(counts[0] // n_phases), 2: int(rng.integers(1, 5))}
    marked = np.flatnonzero(y == 2)[: counts[2] - n_phases * per_phase[2]]
    marked = marked[: rng.integers(0, 4)]
    split = PhasedBalancedSplit(n_phases, per_phase=per_phase, random_state=seed)
    phases = cut(split, y, shared_rows=marked)
    plan = split.plan(y, shared_rows=marked)

    times = np.bincount(np.concatenate(phases), minlength=len(y))
    assert (times[marked] == n_phases).all()
    assert (times[(y == 1) | (y == 3)] == n_phases).all()
    others = np.setdiff1d(np.flatnonzero((y == 0) | (y == 2)), marked)
    assert times[others].max() == 1
    left = np.bincount(y[times == 0], minlength=4)
    assert plan.left_over == dict(enumerate(left.tolist()))
    assert plan.n_used == np.sum(times > 0)
    for phase in phases:
        found = np.bincount(y[np.setdiff1d(phase, marked)], minlength=4)
        assert found[0] == per_phase[0]
        assert found[2] == per_phase[2]


def test_rows_of_a_phase_are_sorted_and_shuffled_between_phases():
    y = np.repeat([0, 1], [10, 200])
    phases = cut(PhasedBalancedSplit(10, random_state=0), y)
    assert all((np.diff(phase) > 0).all() for phase in phases)
    # Cut in the order of X, the first phase would end with the 20th row of class 1.
    assert phases[0].max() > 100


def test_classes_of_the_same_size_are_dealt_in_orders_of_their_own():
    y = np.repeat([0, 1, 2], [10, 200, 200])
    phase = cut(PhasedBalancedSplit(10, random_state=0), y)[0]
    assert set(phase[y[phase] == 1] + 200) != set(phase[y[phase] == 2])


def test_random_state_decides(y_rahimzadeh):
    def rows(seed):
        return np.stack(cut(PhasedBalancedSplit(8, random_state=seed), y_rahimzadeh))

    np.testing.assert_array_equal(rows(3), rows(3))
    assert (rows(3) != rows(4)).any()
    assert (rows(None) != rows(None)).any()


def test_what_becomes_of_a_class_does_not_depend_on_the_others():
    many = np.repeat(["a", "b", "c"], [10, 50, 40])
    fewer = np.repeat(["a", "b", "c"], [10, 50, 30])
    split = PhasedBalancedSplit(5, random_state=0)
    for one, other in zip(cut(split, many), cut(split, fewer), strict=True):
        np.testing.assert_array_equal(one[one < 60], other[other < 60])


def test_global_generator_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002
    cut(PhasedBalancedSplit(), [0, 0, 0, 1])
    np.testing.assert_equal(np.random.get_state(), before)  # noqa: NPY002


def test_forms_of_y_and_of_marked_rows():
    y = [1, 1, 1, 0, 1, 1]
    split = PhasedBalancedSplit(5, random_state=0)
    expected = cut(split, np.array(y), shared_rows=[False, True] + [False] * 4)
    index = list("abcdef")
    for labels in (y, tuple(y), pd.Series(y, index=index)):
        for marked in ([1], np.array([1]), pd.Series(np.arange(6) == 1, index=index)):
            found = cut(split, labels, shared_rows=marked)
            np.testing.assert_equal(found, expected)
    assert all(1 in phase for phase in expected)
    assert split.get_n_splits(np.zeros((6, 2)), y) == 5
    np.testing.assert_equal(cut(split, y, shared_rows=[]), cut(split, y))


def test_clone_keeps_what_it_was_given():
    split = PhasedBalancedSplit(3, per_phase={"a": 2}, shared={"a": 1}, random_state=5)
    assert clone(split).get_params() == split.get_params()


Y = np.repeat(["covid", "normal"], [4, 20])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_phases": 0}, "'n_phases' parameter of PhasedBalancedSplit must be"),
        ({"n_phases": 21}, "largest class, 'normal', has only 20 rows"),
        ({"per_phase": {}}, "per_phase names no class"),
        (
            {"per_phase": {"tuberculosis": 2}},
            r"\['tuberculosis'\], and y has the .*'nor",
        ),
        ({"per_phase": {"normal": 0}}, "per_phase must have ints of at least 1"),
        ({"per_phase": {"normal": 2.5}}, "and has 2.5 for 'normal'"),
        ({"per_phase": {"normal": True}}, "and has True for 'normal'"),
        (
            {"per_phase": {"normal": 21}},
            "asks for 21 rows of class 'normal', which has",
        ),
        ({"per_phase": [3]}, "'per_phase' parameter of PhasedBalancedSplit must be"),
        (
            {"per_phase": {"normal": 10}, "n_phases": 3},
            "3 phases with 10 rows of class 'normal' each need 30 rows, .* are 20",
        ),
        (
            {"per_phase": {"normal": 10}, "shared": {"normal": 11}},
            "1 phase with 10 rows .* there are 9 besides the 11 that are shared",
        ),
        ({"shared": {"tuberculosis": 2}}, "shared names"),
        ({"shared": {"normal": -1}}, "shared must have ints of at least 0"),
        ({"shared": {"normal": 21}}, "shared asks for 21 rows of class 'normal'"),
        (
            {"per_phase": {"normal": 10}, "shared": {"covid": 2}},
            r"shared names \['covid'\], but every phase has all rows",
        ),
    ],
)
def test_parameters_that_do_not_fit(parameters, message):
    split = PhasedBalancedSplit(**parameters)
    with pytest.raises(ValueError, match=message):
        split.plan(Y)
    with pytest.raises(ValueError, match=message):
        split.split(None, Y)  # at once, not when the first phase is asked for


@pytest.mark.parametrize(
    ("shared_rows", "message"),
    [
        (np.zeros(5, dtype=bool), "mask of 5 rows, and y has 24"),
        ([3, 24], r"outside \[0, 24\): \[24\]"),
        ([-1], r"outside \[0, 24\): \[-1\]"),
        ([0, 1] * 12, "make it one of bool"),
        ([0.0, 1.0], "of type float64"),
        (["a.png"], "of type <U5"),
    ],
)
def test_marked_rows_that_do_not_fit(shared_rows, message):
    with pytest.raises(ValueError, match=message):
        PhasedBalancedSplit().plan(Y, shared_rows=shared_rows)


def test_number_and_choice_of_shared_rows_at_once():
    with pytest.raises(ValueError, match="Both shared and shared_rows are given"):
        PhasedBalancedSplit(shared={"normal": 1}).plan(Y, shared_rows=[7])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([], "y has no rows"),
        (["covid"] * 3, r"one class only, \['covid'\]"),
        ([0.5, 1.5, 2.5], "Unknown label type: continuous"),
        ([0.0, 1.0, np.nan], "y has 1 missing label .*row 2"),
    ],
)
def test_labels_that_do_not_fit(y, message):
    with pytest.raises(ValueError, match=message):
        PhasedBalancedSplit().plan(y)


def test_x_and_y_of_different_lengths():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PhasedBalancedSplit().split(np.zeros((3, 1)), Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PhasedBalancedSplit().get_n_splits(np.zeros((3, 1)), Y)
