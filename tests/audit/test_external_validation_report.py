import json
import pickle

import numpy as np
import pytest

from cxrclf.audit import ExternalValidationReport, ReportTable
from cxrclf.audit._leaks import Leaks
from cxrclf.metrics import Estimate, Predictions

CLASSES = np.array(["covid", "normal"])


def make_predictions(seed, shift, n=80):
    """Return predictions whose scores are higher by `shift` for the true class."""
    random = np.random.default_rng(seed)
    y_true = CLASSES[np.arange(n) % 2]
    logit = random.normal(size=n) + shift * np.where(y_true == "normal", 1, -1)
    p = 1 / (1 + np.exp(-logit))
    y_score = np.stack([1 - p, p], axis=1)
    return Predictions(y_true, CLASSES[y_score.argmax(axis=1)], y_score)


def make_report(shift=0.2, separability=None, leaks=None, external=None, **rates):
    none = np.zeros(80, bool)
    leaks = leaks or Leaks(np.arange(80, 160), 80, none, none, none)
    return ExternalValidationReport(
        make_predictions(0, 2.0),
        external or make_predictions(1, shift),
        leaks,
        (
            ReportTable({"measure": ["mean"], "difference": [np.float32(np.inf)]}),
            separability,
        ),
        [f"{row}.png" for row in range(160)],
        **({"sensitivity": 0.9, "specificity": None} | rates),
        random_state=0,
    )


@pytest.mark.parametrize("goal", ["sensitivity", "specificity"])
def test_thresholds_are_chosen_inside_and_applied_outside(goal):
    report = make_report(**({"sensitivity": None, "specificity": None} | {goal: 0.9}))
    table = report.tables["thresholds"]
    for row, label in enumerate(CLASSES):
        threshold = table["threshold"][row]
        for side in ("internal", "external"):
            predictions = getattr(report, side)
            positive = predictions.y_score[:, row] >= threshold
            is_class = predictions.y_true == label
            sensitivity = table[f"{side}_sensitivity"][row]
            specificity = table[f"{side}_specificity"][row]
            assert sensitivity.value == pytest.approx(positive[is_class].mean())
            assert specificity.value == pytest.approx(1 - positive[~is_class].mean())
        assert table[f"internal_{goal}"][row].value >= 0.9
    # The external scores are worse: the threshold does not keep its promise there.
    assert min(estimate.value for estimate in table[f"external_{goal}"]) < 0.9


def test_lower_scores_outside_are_a_finding():
    report = make_report(shift=0.2)
    (finding,) = report.findings
    assert (finding.kind, finding.code) == ("drift", "score_drops")
    assert report.exit_status("drift") == 1
    assert make_report(shift=2.0).findings == ()


def test_images_that_a_classifier_tells_apart_are_a_finding():
    codes = [
        [finding.code for finding in make_report(2.0, separability).findings]
        for separability in (Estimate(0.9, 0.8, 0.95), Estimate(0.5, 0.4, 0.6))
    ]
    assert codes == [["images_differ"], []]


def test_report_can_be_pickled_drawn_and_written(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    report = pickle.loads(pickle.dumps(make_report()))
    figure = report.plot()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:3] == ["accuracy", "balanced accuracy", "mean AUC"]
    assert "sensitivity for covid" in labels
    page = report.to_html(tmp_path / "external.html")
    assert (tmp_path / "external.html").read_text("utf-8") == page
    assert "External validation" in page
    assert "<img" in page
    pyplot.close("all")


def test_overlap_is_counted_once():
    copy, patient = np.zeros((2, 80), bool)
    copy[:3], patient[2:7] = True, True
    leaks = Leaks(np.arange(80, 160), 80, patient, copy, np.zeros(80, bool))
    report = make_report(2.0, leaks=leaks)
    assert report.findings == ()  # they were left out
    assert report.reading[1:3] == (
        "3 of 80 external images are copies of internal images, and were left out.",
        "4 of 80 external images are other images of patients with internal images, "
        "and were left out.",
    )
    assert len(report.tables["left_out"]) == 7


def test_what_was_not_compared_is_in_the_reading():
    external = make_predictions(1, 2.0)
    one_class = external.subset(external.y_true == "normal")
    report = make_report(external=one_class)
    assert "no external images of covid" in report.reading[2]
    assert "A set has too few patients" in report.reading[3]


def test_values_are_those_of_json():
    report = make_report(separability=Estimate(0.9, 0.8, 0.95))
    values = report.to_dict()
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    values["findings"][0]["message"] = "changed"
    assert report.findings[0].message != "changed"
