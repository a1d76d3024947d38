"""The benchmark that plants copies."""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    yield import_module("duplicates")
    del sys.modules["duplicates"]


def test_table_and_pairs(benchmark, tmp_path, capsys):
    options = ["--images", "12", "--size", "64", "--copies", "2", "--json"]
    kinds = ["--kinds", "saved as BMP", "flipped"]
    benchmark.main([*options, str(tmp_path / "pairs.json"), *kinds])
    lines = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in lines[2].split("|")[1:-1]]
    assert cells == ["saved as BMP", "2", "1.000", "1.000", "exact (2)"]
    assert "flipped (2)" in lines[3]
    assert "0 pairs among 12 originals" in lines[5]
    assert json.loads((tmp_path / "pairs.json").read_text()) == []


def test_score_of_right_and_wrong_pairs(benchmark):
    pairs = {
        # The originals 0 and 1 are copies. 3 and 4 are copies of 0 and 2.
        "row_a": [0, 1, 2, 1],
        "row_b": [1, 3, 3, 4],
        "kind": ["exact", "flipped", "cropped", "flipped"],
    }
    copies = [("a.bmp", "flipped", 0), ("b.bmp", "flipped", 2)]
    report = SimpleNamespace(pairs=pairs)
    assert benchmark.score(report, 3, copies, ["flipped", "inverted"]) == [
        ["flipped", "2", "0.500", "0.333", "flipped (1)"]
    ]
