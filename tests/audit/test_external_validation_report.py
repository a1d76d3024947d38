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


def make_report(shift=0.2, separability=None, **rates):
    none = np.zeros(80, bool)
    leaks = Leaks(np.arange(80, 160), 80, none, none, none)
    return ExternalValidationReport(
        make_predictions(0, 2.0),
        make_predictions(1, shift),
        leaks,
        (ReportTable({"measure": ["mean gray level"]}), separability),
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
