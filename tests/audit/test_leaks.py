import numpy as np
import pytest

from cxrclf.audit import ReportTable
from cxrclf.audit._leaks import find_leaks, find_mixed, label_exact


def test_leaks_of_a_split_against_a_loop():
    random = np.random.default_rng(0)
    n = 60
    groups, copies = random.integers(0, 40, (2, n))
    exact = np.where(random.random(n) < 0.7, copies, 100 + np.arange(n))
    train, test = np.split(random.permutation(n), [40])
    leaks = find_leaks(train, test, groups, copies, exact)
    assert leaks.n_train == 40
    for i, row in enumerate(test):
        patient = any(groups[row] == groups[other] for other in train)
        same = any(exact[row] == exact[other] for other in train)
        near = any(copies[row] == copies[other] for other in train) and not same
        assert (leaks.same_patient[i], leaks.exact_copy[i], leaks.near_copy[i]) == (
            patient,
            same,
            near,
        )
        assert leaks.affected[i] == (patient or same or near)
    assert leaks.same_patient.any()
    assert leaks.exact_copy.any()
    assert leaks.near_copy.any()


def test_what_is_not_known_is_not_found():
    leaks = find_leaks(np.arange(3), np.arange(3, 5), None, None, None)
    assert not leaks.affected.any()


def test_exact_copies_of_copies_have_one_label():
    pairs = ReportTable(
        {
            "row_a": [0, 3, 5],
            "row_b": [3, 4, 1],
            "kind": ["exact", "exact", "flipped"],
            "correlation": [1.0, 1.0, 0.98],
        }
    )
    labels = label_exact(pairs, 6)
    assert labels[0] == labels[3] == labels[4]
    assert len(set(labels.tolist())) == 4
    assert label_exact(None, 6) is None


@pytest.mark.parametrize("y", [["a", "b", "a", "a", "b"], [1, 2, 1, 1, 2]])
def test_groups_of_several_classes(y):
    labels = np.array(["p", "p", "q", "q", "r"])
    assert find_mixed(labels, np.array(y)).tolist() == ["p"]
