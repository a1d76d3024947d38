"""The benchmark of the denoiser runs, and both sides minimize the same energy."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "denoise.py"


def test_figures_are_written(tmp_path):
    out = tmp_path / "figures.json"
    command = [
        *(sys.executable, str(SCRIPT), "--images", "6", "--image-size", "32"),
        *("--rounds", "1", "--json", str(out)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    assert [row["comparison"] for row in written["rows"]] == ["default", "accurate"]
    assert all(row["ratio"] > 0 for row in written["rows"])
    known = written["known"]
    # The least energy is the least: the other side does not come below it.
    assert known["excess energy of scikit-image's default, median"] > -1e-6
    assert known["eps for the same accuracy, median"] < 2e-4
