"""The benchmark of intervals draws and scores what its table shows."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    yield import_module("interval_coverage")
    del sys.modules["interval_coverage"]


def test_resampled_scores_are_those_of_scikit_learn(benchmark):
    rng = np.random.default_rng(0)
    y, score, patients = benchmark.draw_images(rng, 6, 3, 0.7, 1.0)
    rng = np.random.default_rng(1)
    found = benchmark.resample_scores(rng, y, score, score > 0.5, patients, 50)
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 12, (50, 12))
    rows = [np.concatenate([np.flatnonzero(patients == p) for p in d]) for d in drawn]
    aucs = [roc_auc_score(y[r], score[r]) for r in rows]
    f1_scores = [f1_score(y[r], score[r] > 0.5) for r in rows]
    np.testing.assert_allclose(found, [aucs, f1_scores], rtol=1e-6)


def test_images_of_one_patient_are_correlated(benchmark):
    rng = np.random.default_rng(0)
    y, score, patients = benchmark.draw_images(rng, 20_000, 2, 0.7, 3.0)
    pairs = np.flatnonzero(np.diff(patients) == 0)
    noise = score - 3 * y
    # The standard error of the correlation of 20,000 pairs is 0.004.
    correlation = np.corrcoef(noise[pairs], noise[pairs + 1])[0, 1]
    assert correlation == pytest.approx(0.7, abs=0.02)
    assert noise.std() == pytest.approx(1, abs=0.02)


def test_table_and_raw_figures(benchmark, tmp_path, capsys):
    path = tmp_path / "coverage.json"
    options = ["--runs", "3", "--patients", "5", "--auc", "0.8", "1"]
    options += ["--images", "2", "--resamples", "100", "--bootstrap-runs", "2"]
    benchmark.main([*options, "--json", str(path)])
    rows = json.loads(path.read_text())
    assert [row["auc"] for row in rows] == [0.8, 1]
    assert rows[1]["AUC"] == rows[1]["sensitivity"] == rows[1]["DeLong test"] == 1
    assert rows[0]["F1, bootstrap"] in (0, 0.5, 1)
    table = capsys.readouterr().out
    assert "| 1-2                |                  5 |      0.8 |" in table
    benchmark.main([*options, "--rst"])
    rule, header, *_ = capsys.readouterr().out.splitlines()
    assert set(rule) == {"=", " "}
    assert header.startswith("images per patient")
