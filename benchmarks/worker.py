"""Run one job: a task of a contender.

:func:`harness.jobs.run_job` starts this script, with the job as JSON.
"""

import importlib
import json
import sys
from functools import partial
from pathlib import Path

from harness.memory import PeakMemory
from harness.settings import Settings


def task_of(module_name, task):
    """Return a task as a function of the settings.

    The module of a contender has a function with the name of the task. Otherwise the
    function of :mod:`contenders.peer_tasks` uses its ``Learner`` or ``Segmenter``.
    """
    module = importlib.import_module(f"contenders.{module_name}")
    if hasattr(module, task):
        return getattr(module, task)
    peer_tasks = importlib.import_module("contenders.peer_tasks")
    learner_type = module.Segmenter if task == "segment" else module.Learner
    return partial(getattr(peer_tasks, task), learner_type)


def main():
    """Run the job and write its figures."""
    job = json.loads(sys.argv[1])
    settings = Settings(**job["settings"])
    with PeakMemory() as peak:
        figures = task_of(job["module"], job["task"])(settings)
    figures |= {"private_mib": peak.private, "resident_mib": peak.resident}
    Path(job["result"]).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
