import networkx
import numpy as np
import pytest

from cxrclf.audit import link_groups


def test_groups_are_the_components_of_patients_and_copies():
    random = np.random.default_rng(1)
    groups, copies = random.integers(0, 60, (2, 80))
    graph = networkx.Graph()
    graph.add_nodes_from(range(80))
    for labels in (groups, copies):
        for i in range(80):
            graph.add_edges_from((i, j) for j in range(i) if labels[i] == labels[j])
    linked = link_groups(groups, copies)
    for component in networkx.connected_components(graph):
        assert len(set(linked[list(component)].tolist())) == 1
    assert len(set(linked.tolist())) == networkx.number_connected_components(graph)


def test_without_patients_only_copies_are_together():
    assert link_groups(None, [5, 7, 5, 9]).tolist() == [0, 1, 0, 2]


def test_report_of_duplicates_has_labels():
    class Duplicates:
        labels = np.array([0, 1, 0])

    assert link_groups(["a", "b", "c"], Duplicates()).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("groups", "duplicates", "message"),
    [
        (["a", "b"], [0, 1, 2], "groups has 2 values, but X has 3 samples"),
        (["a", None, "b"], [0, 1, 2], "missing id"),
        (["a"], "find", "one label per image, got str"),
    ],
)
def test_bad_input(groups, duplicates, message):
    with pytest.raises(ValueError, match=message):
        link_groups(groups, duplicates)
