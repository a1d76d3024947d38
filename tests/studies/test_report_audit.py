import pytest

from cxrclf.metrics import Estimate
from cxrclf.studies._report_audit import report_audit
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_known_leaks_are_the_first_findings():
    results = make_study_results(leaks=["The best epoch is chosen on the test images."])
    report = report_audit(StudyScores(results))
    assert [finding.code for finding in report.findings] == [
        "protocol",
        "copy_on_both_sides",
        "border",
    ]
    assert "chosen on the test images" in report.findings[0].message
    assert report.exit_status("leakage") == 1
    # The reports are parts. Their findings are shown once.
    assert [part.title for part in report.parts] == ["Leakage", "Shortcuts"]
    assert not any(part.findings for part in report.parts)
    # Splits have the names of the folds in other sections.
    assert list(report.parts[0].tables["splits"].columns) == ["fold", "affected"]


def test_probes_stand_beside_the_networks():
    scores = StudyScores(make_study_results(["strong", "weak"], n=120))
    table = report_audit(scores).tables["networks_and_probes"]
    rows = dict(zip(table["classifier"], table["balanced accuracy"], strict=True))
    assert rows["probe: border"] == (0.6, 0.5, 0.7)
    assert rows["strong"] == scores.overall("strong", "balanced_accuracy")
    values = [estimate.value for estimate in table["balanced accuracy"]]
    assert values == sorted(values, reverse=True)
    kinds = dict(zip(table["classifier"], table["kind"], strict=True))
    assert kinds["probe: border"] == "cannot see the disease"
    assert kinds["probe: thumbnail"] == "may see signs of the disease"


@pytest.mark.parametrize(
    ("accuracies", "text"),
    [
        ((0.9, 0.61), "All networks are better: their intervals lie above"),
        ((0.9, 0.6), "Only a is clearly better: its interval lies above this score."),
        ((0.5, 0.6), "No network is clearly better"),
    ],
)
def test_networks_that_are_not_better_than_a_probe(accuracies, text, monkeypatch):
    scores = StudyScores(make_study_results(["a", "b"], examples=False))
    values = dict(zip("ab", accuracies, strict=True))
    monkeypatch.setattr(
        scores, "overall", lambda name, _: Estimate(1.0, values[name], 1.0)
    )
    (reading,) = report_audit(scores).reading
    assert "(border) has a balanced accuracy of 0.600. Guessing has 0.333." in reading
    assert text in reading


def test_study_without_audit():
    report = report_audit(StudyScores(make_study_results(audit=False)))
    assert "were not audited" in report.reading[0]
    assert not report.tables
    assert report.has_findings


def test_audit_without_findings():
    results = make_study_results()
    for finding_report in results.audit:
        finding_report.findings = ()
    reading = report_audit(StudyScores(results)).reading
    assert reading[0] == "The audit found no leakage, no copies and no shortcuts."
