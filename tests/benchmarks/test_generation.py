"""The benchmark of a CycleGAN runs all contenders."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "generation.py"


def test_figures_are_written(tmp_path):
    out = tmp_path / "figures.json"
    command = [
        *(sys.executable, str(SCRIPT), "--image-size", "24", "--width", "2"),
        *("--discriminator-width", "2", "--images", "3", "--rounds", "1"),
        *("--json", str(out)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = json.loads(out.read_text())
    names = [row["contender"] for row in content["rows"]]
    assert names == ["plain loop", "cxrclf, auto", "cxrclf, float32"]
    assert content["rows"][0]["times_as_fast"] == 1
    assert all(row["seconds_per_step"] > 0 for row in content["rows"])
    assert set(content["memory_mib"]) == {"250", "500", "1000"}
