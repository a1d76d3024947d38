"""The simulation of coverage runs, and its resampling is a bootstrap of patients."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from cxrclf.metrics import bootstrap_interval

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def coverage(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("table_coverage")


def test_it_prints_a_line_per_design(coverage, capsys):
    coverage.main(["--studies", "2", "--true-patients", "500"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert "15 patients per class, 1 to 1 images: balanced accuracy " in lines[0]


def test_counts_of_patients_give_the_bootstrap_of_patients(coverage):
    codes, scores, patients = coverage.draw(40, 1.0, 3, np.random.default_rng(0))
    predicted = scores.argmax(axis=1)
    found = coverage.resampled_intervals(codes, predicted, patients)["f1"]
    expected = bootstrap_interval(
        lambda true, pred: f1_score(true == 0, pred == 0),
        codes,
        predicted,
        groups=patients,
        n_resamples=400,
    )
    width = expected.high - expected.low
    np.testing.assert_allclose(found, expected[1:], atol=0.15 * width)
