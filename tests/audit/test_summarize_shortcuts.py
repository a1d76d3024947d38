"""When a probe is a shortcut, with Holm's method."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from cxrclf.audit._probe_scores import Settings
from cxrclf.audit._shortcut_study import ShortcutStudy
from cxrclf.audit._summarize_shortcuts import adjust_p_values, summarize_shortcuts
from cxrclf.metrics import Estimate, Predictions


def test_holm_counts_only_probes_that_are_blind():
    p_values = {"estimator": 0, "border": 0.01, "corners": 0.02, "thumbnail": 0.0001}
    scores = {name: SimpleNamespace(p_value=p) for name, p in p_values.items()}
    adjusted = adjust_p_values(scores)
    assert adjusted == pytest.approx({"border": 0.02, "corners": 0.02})
    assert list(adjusted) == ["border", "corners"]
    # Holm is at least as strict as the control of false discoveries.
    assert adjusted["border"] >= false_discovery_control([0.01, 0.02])[0]


def make_score(p_value, low, value=0.7):
    return SimpleNamespace(
        p_value=p_value,
        accuracy=Estimate(value, 0.5, 0.9),
        balanced_accuracy=Estimate(value, 0.5, 0.9),
        auc=Estimate(0.8, low, 0.9),
        difference=Estimate(0.1, 0.0, 0.2),
    )


def summarize(scores, columns=None, groups=None, level=0.05):
    y = np.repeat(["a", "b"], 10)
    settings = Settings(0.95, 100, 99, 0)
    groups = None if groups is None else np.asarray(groups)
    folds = [(np.arange(0), np.arange(20))]
    study = ShortcutStudy(y, groups, None, folds, settings)
    predictions = Predictions(
        y,
        y,
        np.eye(2)[np.repeat([0, 1], 10)],
        fold=np.zeros(20, int),
        rows=np.arange(20),
        groups=groups,
    )
    study.predictions = dict.fromkeys(scores, predictions)
    study.scores, study.columns = scores, columns or {}
    return summarize_shortcuts(study, level, skipped={}, n_lungs=(1, 2))


def test_shortcuts_beat_chance_by_p_value_and_interval():
    report = summarize(
        {
            "estimator": make_score(0, 0.7, 0.9),
            "border": make_score(0.001, 0.6, 0.75),
            "corners": make_score(0.001, 0.6, 0.85),
            "source": make_score(0.001, 0.4),  # the interval contains chance
            "metadata": make_score(0.3, 0.6),
            "outside_lungs": make_score(0.002, np.nan),  # labels only
            "thumbnail": make_score(0.0001, 0.6),  # sees the disease
        },
        groups=[0, *range(19)],
    )
    assert report.alarms == ("border", "corners", "outside_lungs")
    codes = [finding.code for finding in report.findings]
    assert codes == ["corners", "border", "outside_lungs"]  # the best comes first
    columns = report.scores.columns
    assert list(columns["shortcut"]) == ["", "yes", "yes", "", "", "yes", ""]
    assert columns["p"][0] is None
    assert columns["p"][1] == pytest.approx(0.005)  # 5 probes
    assert columns["p"][4] == pytest.approx(0.3)
    sees = ["", "no", "no", "no", "no", "no", "in part"]
    assert list(columns["sees the disease"]) == sees
    assert report.external_auc is None
    assert "on 20 images of 19 patients" in report.reading[0]
    assert "intervals over patients." in report.scores.caption
    assert "No lungs were found in 1 image." in report.reading[-2]
    assert "into the border of 2 images" in report.reading[-1]


def test_columns_of_metadata_are_ranked():
    columns = {"width": make_score(0, 0.6, 0.6), "mode": make_score(0, 0.6, 0.7)}
    report = summarize({"metadata": make_score(0.001, 0.6)}, columns)
    assert list(report.tables["metadata"].columns["column"]) == ["mode", "width"]
    assert "The column 'mode' alone reaches 0.700" in report.findings[0].message
    assert "difference" not in report.scores.columns
    # Patients are not known.
    assert "The probes predict 20 images. " in report.reading[0]
    assert "intervals over images." in report.scores.caption


def test_external_auc_needs_shuffled_pixels():
    names = ["estimator", "estimator_shuffled"]
    report = summarize({name: make_score(0.001, 0.6) for name in names})
    assert report.external_auc.value == 0.5  # the same predictions
    assert any("PEst of Ong Ly" in line for line in report.reading)
