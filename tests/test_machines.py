"""`make test-machines`: its rows, and a run of a small file of tests."""

import importlib.util
import sys
from itertools import combinations, product
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "machines.py"
TESTS = """
import os
import pytest

def test_environment():
    names = "ONEDNN_MAX_CPU_ISA", "OMP_NUM_THREADS", "MKL_CBWR"
    assert [os.environ.get(name) for name in names] == {settings}

def test_skipped():
    pytest.skip("to be counted")

@pytest.mark.slow
def test_not_chosen():
    raise AssertionError
"""


@pytest.fixture
def machines(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("machines", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    return module


@pytest.fixture
def run(machines, monkeypatch, tmp_path, capsys):
    def run(rows, tests):
        path = tmp_path / "test_small.py"
        path.write_text(tests)
        arguments = ["--rows", rows, "--seed", "5", "--lowest", sys.executable]
        monkeypatch.setattr(sys, "argv", ["machines.py", *arguments, str(path)])
        status = machines.main()
        lines = capsys.readouterr().out.splitlines()
        return status, [" ".join(line.split()) for line in lines]

    return run


def test_rows_cover_each_pair_of_settings(machines):
    pinned = [row[:4] for row in machines.ROWS if row.versions == "pinned"]
    levels = [
        (None, "AVX2", "AVX512_CORE"),
        (1, 2),
        (None, "COMPATIBLE"),
        ("given", "random"),
    ]
    for first, second in combinations(range(4), 2):
        pairs = {(row[first], row[second]) for row in pinned}
        assert pairs == set(product(levels[first], levels[second]))
    assert machines.ROWS[0] == machines.ROWS[1]
    assert "lowest" in {row.versions for row in machines.ROWS}


def test_rows_run_with_their_settings(machines, run, monkeypatch, tmp_path):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    status, lines = run("1", TESTS.format(settings=[None, "1", None]))
    assert status == 0
    assert lines[-1].startswith("1 unset 1 unset given pinned 1 0 1 ")
    status, lines = run(
        "6,8", TESTS.format(settings=["AVX512_CORE", "1", "COMPATIBLE"])
    )
    assert status == 1
    assert lines[-2].startswith("6 AVX512_CORE 1 COMPATIBLE random pinned 1 0 1 ")
    assert lines[-1].startswith("8 unset 1 unset random lowest 0 1 1 ")
    assert "--randomly-seed=11" in (tmp_path / "logs/row-6.log").read_text()


def test_a_run_without_a_report_has_failed(machines):
    machines.LOGS.mkdir()
    passed, counts = machines.run_row(1, sys.executable, ["--no-such-option"], 0)
    assert not passed
    assert counts == ("-", "exit 4", "-", "-")
