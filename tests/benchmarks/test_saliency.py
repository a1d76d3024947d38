"""The benchmark of saliency maps runs all contenders."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "saliency.py"


def test_figures_are_written(tmp_path):
    pytest.importorskip("pytorch_grad_cam", reason="grad-cam (extra bench) is missing")
    out = tmp_path / "figures.json"
    command = [
        *(sys.executable, str(SCRIPT), "--backbone", "test_resnet", "--images", "2"),
        *("--image-size", "48", "--rounds", "1", "--json", str(out)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())["rows"]
    assert rows[0]["contender"] == "prediction"
    assert {"gradcam", "gradcam, captum", "scorecam, pytorch-grad-cam", "lime"} <= {
        row["contender"] for row in rows
    }
    assert all(row["ratio"] > 0 for row in rows)
