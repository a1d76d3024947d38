"""The waiting of OpenMP's threads, which is chosen once, when torch is imported."""

import os
import subprocess
import sys

import pytest


def spin_counts(code, **environment):
    """Return how often threads look for work before they sleep, of each OpenMP loaded.

    GNU's OpenMP reports it: 0 where the policy is passive.
    """
    rest = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={**rest, "OMP_DISPLAY_ENV": "VERBOSE", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    counts = [
        int(line.partition("=")[2].strip(" '"))
        for line in output.splitlines()
        if "GOMP_SPINCOUNT" in line
    ]
    if not counts:
        pytest.skip("this OpenMP does not report its policy")
    return counts


# torch is loaded first: scikit-learn has an OpenMP of its own.
@pytest.mark.parametrize("subpackage", ["classification", "nets"])
def test_threads_of_torch_sleep_while_they_wait(subpackage):
    code = f"import cxrclf.{subpackage}, os; assert 'OMP_WAIT_POLICY' not in os.environ"
    assert spin_counts(code)[0] == 0


def test_the_user_may_choose_another_policy():
    code = "import cxrclf.nets, os; assert os.environ['OMP_WAIT_POLICY'] == 'ACTIVE'"
    assert min(spin_counts(code, OMP_WAIT_POLICY="ACTIVE")) > 0


def test_nothing_is_changed_once_torch_is_imported():
    assert min(spin_counts("import torch; import cxrclf.nets")) > 0
