"""The simulation of gaps runs, and its subgroups do not differ."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def alarms(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("gap_false_alarms")


def test_it_prints_a_line_per_design(alarms, capsys):
    alarms.main(["--studies", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert "2 subgroups of 30 patients per class, 1 to 1 images: sens" in lines[0]


def test_subgroups_have_both_classes_and_equal_scores(alarms):
    rng = np.random.default_rng(0)
    codes, scores, patients, subgroup = alarms.draw(2, 2000, 3, rng)
    assert len(np.unique(patients)) == 8000
    for site in (0, 1):
        of_site = subgroup == site
        for code in (0, 1):
            rows = of_site & (codes == code)
            assert len(np.unique(patients[rows])) == 2000
            assert scores[rows].mean() == pytest.approx(1.5 * code, abs=0.1)
            assert scores[rows].std() == pytest.approx(1, abs=0.05)
