"""The waiting of OpenMP's threads, which is chosen once, when torch is imported."""

import os
import subprocess
import sys

import pytest


def policies(code, **environment):
    """Return the policies that OpenMP reports when it is loaded."""
    rest = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={**rest, "OMP_DISPLAY_ENV": "TRUE", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    lines = [line for line in output.splitlines() if "OMP_WAIT_POLICY" in line]
    if not lines:
        pytest.skip("this OpenMP does not report its policy")
    return [line.partition("=")[2].strip(" '") for line in lines]


@pytest.mark.parametrize("subpackage", ["classification", "nets"])
def test_threads_of_torch_sleep_while_they_wait(subpackage):
    code = f"import cxrclf.{subpackage}, os; assert 'OMP_WAIT_POLICY' not in os.environ"
    assert "PASSIVE" in policies(code)


def test_the_user_may_choose_another_policy():
    code = "import cxrclf.nets, os; assert os.environ['OMP_WAIT_POLICY'] == 'ACTIVE'"
    assert set(policies(code, OMP_WAIT_POLICY="ACTIVE")) == {"ACTIVE"}


def test_nothing_is_changed_once_torch_is_imported():
    code = "import torch; import cxrclf.nets"
    assert "PASSIVE" not in policies(code)
