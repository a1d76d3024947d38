"""What every phase gets of each class, in numbers."""

from dataclasses import FrozenInstanceError

import pytest

from cxrclf.sampling import PhasePlan


@pytest.fixture
def plan():
    """4 phases; 5 shared rows of a, 20 rows of b and 45 of c to deal."""
    return PhasePlan(
        n_phases=4,
        n_rows={"a": 5, "b": 20, "c": 45},
        shared={"a": 5, "b": 2, "c": 0},
        per_phase={"a": 0, "b": 6, "c": 10},
    )


def test_numbers_of_rows(plan):
    assert plan.phase_size == 5 + 2 + 6 + 10
    # 24 rows of b are dealt from 18, 40 of c from 45.
    assert plan.recurring == {"a": 0, "b": 6, "c": 0}
    assert plan.left_over == {"a": 0, "b": 0, "c": 5}
    assert plan.n_used == 5 + 20 + 40


def test_no_more_rows_recur_than_there_are():
    plan = PhasePlan(10, {"a": 3}, {"a": 0}, {"a": 3})
    assert plan.recurring == {"a": 3}


def test_text(plan):
    first, header, *rows = str(plan).splitlines()
    assert first == "4 phases of 23 rows; 65 of 70 rows are used"
    assert header.split("  ")[-1].strip() == "left over"
    assert [row.split() for row in rows] == [
        ["a", "5", "5", "0", "0", "0"],
        ["b", "20", "2", "6", "6", "0"],
        ["c", "45", "0", "10", "0", "5"],
    ]
    assert str(PhasePlan(1, {"a": 3}, {"a": 0}, {"a": 3})).startswith("1 phase of 3")


def test_it_cannot_be_changed(plan):
    with pytest.raises(FrozenInstanceError):
        plan.n_phases = 5
