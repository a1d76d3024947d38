import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

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


def test_sentences_name_what_was_not_searched():
    (all_found,) = LeakageAudit(NAMES, Y, GROUPS, COPIES, SPLITS).read()
    assert (
        all_found == "In the 2 splits, 3 of 35 test images depend on training images."
    )
    unknown = LeakageAudit(NAMES, Y, None, None, SPLITS).read()
    assert "Patients are not known" in unknown[1]
    assert "Copies were not searched for" in unknown[2]
    assert "only the labels" in LeakageAudit(NAMES, Y, None, None, []).read()[0]


def test_no_finding_without_leakage():
    y = np.repeat(Y[:20], 2)
    audit = LeakageAudit(NAMES, y, GROUPS, np.arange(N), SPLITS[1:])
    assert audit.find() == []
    assert audit.affected.size == 0
    table = audit.compare_scores(Predictions(y, y, fold=np.zeros(N, int)))
    assert table["test_images"] == ["all", "without"]
    assert "needs no correction" in audit.read_scores(table)[0]


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
    (sentence,) = audit.read_scores(table)
    assert sentence.startswith("The balanced accuracy is 0.")


def test_all_test_samples_affected():
    audit = LeakageAudit(
        NAMES, Y, None, np.zeros(N, int), [(np.arange(20), np.arange(20, N))]
    )
    rows = np.arange(20, N)
    table = audit.compare_scores(
        Predictions(Y[rows], Y[rows], fold=np.zeros(20, int), rows=rows)
    )
    assert audit.read_scores(table) == [
        "All test images are affected. No score without leakage exists."
    ]
