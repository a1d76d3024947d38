"""The simulation of leakage runs, and plants what it says."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def detection(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("leakage_detection")


def test_it_prints_a_line_per_kind(detection, capsys):
    detection.main(["--seeds", "1", "--images", "24", "--image-size", "48"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "clean        finding in 0 of 1, right rows in 1"
    assert [line.split(" finding")[0].strip() for line in lines] == [*detection.KINDS]


def test_leakage_is_planted(detection):
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16)).astype(np.uint8)
    for kind in detection.KINDS:
        X, groups = images.copy(), np.array(list("abcd"), object)
        row = detection.plant(kind, X, groups, 1, 3)
        assert row == (None if kind == "clean" else 3)
        assert groups.tolist() == (list("abcb") if kind == "patient" else list("abcd"))
        np.testing.assert_array_equal(X[:3], images[:3])
        changed = not np.array_equal(X[3], images[3])
        assert changed == (kind not in ("clean", "patient"))
