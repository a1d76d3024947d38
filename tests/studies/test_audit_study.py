"""Folds are audited, and reports survive a file."""

import json

import numpy as np
import pytest

from cxrclf.audit import Finding, Report, ReportTable, find_duplicates
from cxrclf.metrics import Estimate
from cxrclf.studies._audit_study import audit_study, read_reports, write_reports
from cxrclf.studies._plan_folds import Fold

NONE = np.array([], int)


@pytest.fixture(scope="module")
def duplicates(images):
    return find_duplicates(images.X)


def audit(images, duplicates, folds):
    return audit_study(
        images.X, images.y, images.groups, folds, duplicates, n_jobs=None, verbose=0
    )


def test_patients_in_both_parts_are_found(images, duplicates):
    rows = np.arange(24)
    folds = [
        Fold(rows[rows % 2 != part], rows[rows % 2 == part], NONE) for part in (0, 1)
    ]
    leakage, shortcuts = audit(images, duplicates, folds)
    n = sum(
        images.groups[row] in images.groups[fold.train]
        for fold in folds
        for row in fold.test
    )
    assert n > 0
    assert sum(leakage.tables["splits"]["same_patient"]) == n
    assert "leakage" in {finding.kind for finding in leakage.findings}
    assert shortcuts.title == "Shortcuts"


def test_overlapping_test_sets_have_no_probes(images, duplicates):
    rows = np.arange(24)
    folds = [Fold(rows[:12], rows[12:], NONE), Fold(rows[6:18], rows[18:], NONE)]
    (leakage,) = audit(images, duplicates, folds)
    assert leakage.title == "Leakage"


def test_reports_survive_a_file(images, duplicates, tmp_path):
    rows = np.random.default_rng(0).permutation(24)
    folds = [Fold(rows[:12], rows[12:], NONE), Fold(rows[12:], rows[:12], NONE)]
    reports = audit(images, duplicates, folds)
    write_reports(tmp_path / "audit.json", reports)
    found = read_reports(tmp_path / "audit.json")
    assert [str(report) for report in found] == [str(report) for report in reports]
    for one, other in zip(found, reports, strict=True):
        assert one.findings == other.findings
        assert one.reading == other.reading


def test_estimates_and_their_bounds_survive_a_file(tmp_path):
    nan = float("nan")
    table = ReportTable(
        {
            "name": ["<b>", "b"],
            "auc": [Estimate(0.5, 0.25, 0.75), Estimate(0.5, nan, nan)],
            "n": [1, 2],
            "temperature_low": [0.5, 1.5],
        },
        "Caption",
    )
    report = Report("Title", [Finding("leakage", "patient", "Text", n=2)], {"t": table})
    write_reports(tmp_path / "audit.json", [report])
    (found,) = read_reports(tmp_path / "audit.json")
    np.testing.assert_equal(found.tables["t"].columns, table.columns)
    assert found.tables["t"].caption == "Caption"
    assert found.findings == report.findings
    json.loads((tmp_path / "audit.json").read_text(), parse_constant=pytest.fail)
