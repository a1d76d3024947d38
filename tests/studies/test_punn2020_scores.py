"""The scores of Punn and Agarwal agree with what the paper prints elsewhere."""

import pytest

from cxrclf.studies._punn2020_scores import list_punn2020_scores

NASNET = "NASNetLarge oversampled"


@pytest.fixture(scope="module")
def table():
    scores = list_punn2020_scores()
    assert len(scores) == 5 * 6 * 6
    assert {score.label for score in scores} == {"covid"}
    found = {}
    for score in scores:
        found.setdefault((score.network, score.scheme), {})[score.score] = score.value
    assert [len(row) for row in found.values()] == [6] * 30
    return found


def test_f1_scores_are_the_harmonic_means(table):
    contradictions = [
        key
        for key, row in table.items()
        if abs(2 / (1 / row["precision"] + 1 / row["sensitivity"]) - row["f1"]) > 0.0105
    ]
    assert contradictions == [(NASNET, "2 classes")]


def test_sums_of_the_columns_of_table_4(table):
    sums = {
        name: sum(round(100 * row[name]) for row in table.values())
        for name in next(iter(table.values()))
    }
    # The sums of the 30 printed percentages.
    assert sums == {
        "accuracy": 2667,
        "precision": 2456,
        "sensitivity": 2485,
        "auc": 2789,
        "specificity": 2632,
        "f1": 2464,
    }


def test_table_5_repeats_the_best_network(table):
    # Accuracy, precision, recall, AUC and specificity of Table 5.
    names = ("accuracy", "precision", "sensitivity", "auc", "specificity")
    printed = {
        "4 classes": (0.95, 0.95, 0.90, 0.94, 0.92),
        "3 classes": (0.96, 0.93, 0.91, 0.96, 0.94),
        "2 classes": (0.98, 0.87, 0.90, 0.99, 0.98),
    }
    different = {
        scheme: [
            name
            for name, value in zip(names, values, strict=True)
            if table[NASNET, scheme][name] != value
        ]
        for scheme, values in printed.items()
    }
    assert different == {
        "4 classes": ["auc", "specificity"],
        "3 classes": [],
        "2 classes": ["specificity"],
    }


def test_precisions_do_not_fit_the_published_test_set(table):
    # 11 of the 121 test images are COVID-19. Sensitivity and specificity then determine
    # the precision; all are rounded to two digits.
    def largest_precision(row):
        found = 11 * (row["sensitivity"] + 0.005)
        wrong = 110 * (1 - row["specificity"] - 0.005)
        return found / (found + wrong)

    possible = [
        key
        for key, row in table.items()
        if row["precision"] - 0.005 <= largest_precision(row)
    ]
    assert possible == [("NASNetLarge weighted", "2 classes")]


def test_best_scores_in_the_text(table):
    # "NASNetLarge best (0.98 / 0.96 / 0.95 accuracy)" for 2, 3 and 4 classes.
    best = {
        scheme: max(
            (row["accuracy"], network)
            for (network, one), row in table.items()
            if one == scheme
        )
        for scheme in ("2 classes", "3 classes", "4 classes")
    }
    assert best == {
        "2 classes": (0.98, NASNET),
        "3 classes": (0.96, NASNET),
        "4 classes": (0.95, "NASNetLarge weighted"),
    }
