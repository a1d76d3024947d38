from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from cxrclf.audit import ReportTable
from cxrclf.audit._leakage_audit import LeakageAudit
from cxrclf.metrics import Predictions

N = 40
NAMES = [f"{row}.png" for row in range(N)]
Y = np.array(["covid", "normal"])[np.arange(N) % 2]
GROUPS = np.arange(N) // 2  # neighbors are a patient
SPLITS = [
    (np.arange(0, 25), np.arange(25, N)),  # rows 24 and 25 are a patient
    (np.arange(20, N), np.arange(0, 20)),  # no patient on both sides
]
COPIES = np.arange(N)
COPIES[30] = 3


def test_affected_samples_of_each_split():
    audit = LeakageAudit(NAMES, Y, GROUPS, COPIES, SPLITS)
    counts = audit.count()
    assert counts["same_patient"] == [1, 0]
    assert counts["copy"] == [1, 1]  # row 30 in the first, row 3 in the second split
    assert counts["affected"] == [2, 1]
    assert audit.affected.tolist() == [3, 25, 30]
    assert counts["split"] == [1, 2]
    assert audit.list_patients()["split"] == [1]


def test_sentences_name_what_was_not_searched():
    (all_found,) = LeakageAudit(NAMES, Y, GROUPS, COPIES, SPLITS).read()
    assert (
        all_found == "In the 2 splits, 3 of 35 test images depend on training images."
    )
    (one,) = LeakageAudit(NAMES, Y, GROUPS, np.arange(N), SPLITS).read()
    assert one == "In the 2 splits, 1 of 35 test images depends on training images."
    unknown = LeakageAudit(NAMES, Y, None, None, SPLITS).read()
    assert "Patients are not known" in unknown[1]
    assert "Copies were not searched for" in unknown[2]
    assert "only the labels" in LeakageAudit(NAMES, Y, None, None, []).read()[0]


def test_no_finding_without_leakage():
    y = np.repeat(Y[:20], 2)
    audit = LeakageAudit(NAMES, y, GROUPS, np.arange(N), SPLITS[1:])
    assert audit.find() == []
    assert audit.affected.size == 0
    predictions = Predictions(y, y, fold=np.zeros(N, int))
    table = audit.compare_scores(predictions)
    assert table["test_images"] == ["all", "without"]
    assert "needs no correction" in audit.read_scores(table, predictions)[0]


def test_splits_that_keep_copies_of_several_patients_together():
    copies = np.arange(N)
    copies[3] = copies[1]  # two patients, both on one side of each split
    (finding,) = LeakageAudit(NAMES, Y, GROUPS, copies, SPLITS[1:]).find()[:1]
    assert finding.code == "image_of_two_patients"
    assert "These splits keep copies together" in finding.message


def test_scores_with_and_without_the_affected_samples():
    audit = LeakageAudit(NAMES, Y, GROUPS, COPIES, SPLITS)
    rows = np.concatenate([test for _, test in SPLITS])
    fold = np.repeat([0, 1], [len(test) for _, test in SPLITS])
    y_pred = np.where(np.arange(len(rows)) % 3 == 0, "normal", Y[rows])
    predictions = Predictions(
        Y[rows], y_pred, fold=fold, rows=rows, groups=GROUPS[rows]
    )
    table = audit.compare_scores(predictions)
    affected = np.array(
        [
            (number == 0 and row in (25, 30)) or (number == 1 and row == 3)
            for number, row in zip(fold, rows, strict=True)
        ]
    )
    assert table["n"] == [35, 32, 3]
    for i, part in enumerate([np.ones(35, bool), ~affected]):
        expected = balanced_accuracy_score(Y[rows][part], y_pred[part])
        assert table["balanced_accuracy"][i].value == pytest.approx(expected)
    (sentence,) = audit.read_scores(table, predictions)
    assert sentence.startswith("The balanced accuracy is 0.")


def test_all_test_samples_affected():
    audit = LeakageAudit(
        NAMES, Y, None, np.zeros(N, int), [(np.arange(20), np.arange(20, N))]
    )
    rows = np.arange(20, N)
    predictions = Predictions(Y[rows], Y[rows], fold=np.zeros(20, int), rows=rows)
    table = audit.compare_scores(predictions)
    assert audit.read_scores(table, predictions) == [
        "All test images are affected. No score without leakage exists."
    ]


def test_copies_of_a_split_are_all_in_the_table():
    # Rows 0, 5 and 39 have the same pixels, and row 11 is a changed copy of row 0.
    pairs = ReportTable(
        {
            "row_a": [0, 0, 0],
            "row_b": [5, 39, 11],
            "kind": ["exact", "exact", "flipped"],
            "correlation": [1.0, 1.0, 0.99],
        }
    )
    copies = np.arange(N)
    copies[[5, 11, 39]] = 0
    duplicates = SimpleNamespace(pairs=pairs, labels=copies)
    splits = [(np.array([1, 2, 5]), np.array([11, 20, 39]))]
    audit = LeakageAudit(NAMES, Y, None, duplicates, splits)
    table = audit.list_copies()
    assert table["test"] == ["11.png", "39.png"]
    assert table["train"] == ["5.png", "5.png"]
    assert table["kind"] == ["flipped", "exact"]
    assert audit.affected.tolist() == [11, 39]


@pytest.mark.parametrize("n_patients", [1, 2, 11, 21])
def test_number_of_patients_in_the_text(n_patients):
    groups = np.arange(2 * n_patients) % n_patients
    rows = np.arange(2 * n_patients)
    splits = [(rows[:n_patients], rows[n_patients:])]
    y = np.repeat("covid", len(rows))
    audit = LeakageAudit(list(map(str, rows)), y, groups, None, splits)
    (finding,) = audit.find()
    who = "a patient who" if n_patients == 1 else f"{n_patients} patients who"
    assert f" of {who} also" in finding.message


def test_scores_are_compared_on_the_same_classes():
    # All images of pneumonia are affected.
    y = np.array(["covid", "normal", "pneumonia"])[np.arange(30) % 3]
    groups = np.where(y == "pneumonia", 0, 1 + np.arange(30))
    audit = LeakageAudit(
        list(map(str, range(30))), y, groups, None, [(np.array([2]), np.arange(3, 30))]
    )
    rows = np.arange(3, 30)
    y_pred = np.where(rows % 5 == 0, "normal", y[rows])
    table = audit.compare_scores(
        Predictions(y[rows], y_pred, fold=np.zeros(27, int), rows=rows)
    )
    kept = y[rows] != "pneumonia"
    expected = balanced_accuracy_score(y[rows][kept], y_pred[kept])
    assert table["n_classes"] == [2, 2, 1]
    assert table["balanced_accuracy"][0].value == pytest.approx(expected)
    assert table["balanced_accuracy"][1].value == pytest.approx(expected)
    assert "All images of pneumonia are affected" in table.caption


def test_many_copies_under_two_labels_are_one_line():
    audit = LeakageAudit(NAMES, Y, None, np.zeros(N, int), [])
    table = audit.list_contradictions()
    assert table["name"] == [", ".join(NAMES)]
    assert table["n_images"] == [N]
    assert max(map(len, str(table).splitlines())) < 130


def test_few_remaining_images_of_a_class_are_in_the_reading():
    y = np.repeat(["covid", "normal"], [20, 40])
    groups = np.r_[np.zeros(15, int), 1 + np.arange(45)]
    rows = np.arange(1, 60)
    audit = LeakageAudit(
        list(map(str, range(60))), y, groups, None, [(np.array([0]), rows)]
    )
    predictions = Predictions(y[rows], y[rows], fold=np.zeros(59, int), rows=rows)
    sentences = audit.read_scores(audit.compare_scores(predictions), predictions)
    assert "few remain of some classes (5 of covid)" in sentences[1]
