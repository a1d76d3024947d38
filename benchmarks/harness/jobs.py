"""Run jobs in new processes."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_WORKER = Path(__file__).parents[1] / "worker.py"
_INSTALL = 'Install the peers with: pip install "cxrclf[bench]"'


class JobFailedError(RuntimeError):
    """Error of a contender that cannot run a task."""


def run_job(module, task, settings):
    """Run a task in a new process, with empty caches.

    Parameters
    ----------
    module : str
        Module of the contender in ``contenders``.
    task : str
    settings : Settings

    Returns
    -------
    dict of str to float or str
        The figures of the task, and ``private_mib`` and ``resident_mib``.

    Raises
    ------
    JobFailedError
        With the last line of the error output and, for a missing module, the command
        that installs it.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        result = Path(folder) / "figures.json"
        job = {
            "module": module,
            "task": task,
            "settings": dataclasses.asdict(settings),
            "result": str(result),
        }
        # The process has its own folder for temporary files and for cxrclf's session.
        environment = {**os.environ, "TMPDIR": folder}
        environment.pop("CXRCLF_SESSION_FOLDER", None)
        done = subprocess.run(
            [sys.executable, str(_WORKER), json.dumps(job)],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return json.loads(result.read_text())
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    reason = lines[-1]
    if reason.startswith("ModuleNotFoundError"):
        reason = f"{reason.partition(': ')[2]}. {_INSTALL}"
    raise JobFailedError(reason)
