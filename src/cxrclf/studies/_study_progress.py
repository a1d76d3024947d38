"""Progress of a study: one line in a terminal, or one line per training in a file."""

import sys
import threading
import time

import numpy as np
from tqdm import tqdm

from cxrclf.studies._epoch_file import read_epoch

_INTERVAL = 0.5  # seconds between two looks at the files


class StudyProgress:
    """Show the progress of the trainings of a study on the standard error.

    Parameters
    ----------
    name : str
        Name of the study.
    tasks : sequence of FitTask
        Trainings that are not complete yet.
    n_complete : int
        Number of trainings that an earlier run completed.
    verbose : int
        Whether to show anything.
    """

    def __init__(self, name, tasks, n_complete, verbose):
        self.name, self.tasks = name, list(tasks)
        self.n_complete, self.n = n_complete, n_complete + len(self.tasks)
        self.verbose = verbose
        self.in_terminal = bool(verbose) and sys.stderr.isatty()
        self._done = set()
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._bar = self._thread = None

    def __enter__(self):
        if self.n_complete:
            self.print(f"{self.n_complete} of {self.n} trainings are complete already.")
        if self.in_terminal and self.tasks:
            self._bar = tqdm(
                total=len(self.tasks),
                desc=self.name,
                bar_format="{desc}: {percentage:3.0f}% |{bar:20}| {n:.1f}/{total} "
                "trainings, {remaining} left{postfix}",
            )
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._bar is not None:
            self._bar.close()

    def print(self, text):
        """Print a line."""
        if not self.verbose:
            return
        if self._bar is not None:
            self._bar.write(f"{self.name}: {text}", file=sys.stderr)
        else:
            print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def add(self, result):
        """Count a complete training, and print its accuracy."""
        self._done.add((result.network, result.fold))
        predictions = result.predictions
        accuracy = np.mean(predictions.y_true == predictions.y_pred)
        epochs = result.details["n_epochs"]
        seconds = result.details["seconds_fit"]
        text = (
            f"{result.network}, fold {result.fold}: accuracy {accuracy:.3f} on "
            f"{len(predictions)} test images, {epochs} "
            f"epoch{'' if epochs == 1 else 's'} in {_clock(seconds)}"
        )
        left = len(self.tasks) - len(self._done)
        if left and self._bar is None:
            rate = (time.monotonic() - self._start) / len(self._done)
            noun = "training" if left == 1 else "trainings"
            text += f" ({left} {noun} and about {_clock(rate * left)} left)"
        self.print(text)
        if self._bar is not None:
            self._look()

    def _watch(self):
        while not self._stop.wait(_INTERVAL):
            self._look()

    def _look(self):
        """Show the epochs of the running trainings."""
        n, running = float(len(self._done)), []
        for task in self.tasks:
            epoch = read_epoch(task.epoch_file)
            if not epoch or (task.network, task.number) in self._done:
                continue
            total = count_epochs(task.estimator)
            running.append(
                f"{task.network}, fold {task.number}, {_place(epoch, *total)}"
            )
            n += min(0.99, epoch / (total[0] * total[1]))
        self._bar.n = n
        self._bar.set_postfix_str("; ".join(running), refresh=False)
        self._bar.refresh()


def count_epochs(estimator):
    """Return the number of epochs per phase, and the number of phases.

    Parameters
    ----------
    estimator : classifier
        Unfitted classifier or pipeline.

    Returns
    -------
    n_epochs, n_phases : int
        Both are 1 if they are not known.
    """
    found = {"max_epochs": 1, "n_phases": 1}
    for path, value in estimator.get_params().items():
        name = path.rsplit("__", 1)[-1]
        if name in found and isinstance(value, int):
            found[name] = value
    return found["max_epochs"], found["n_phases"]


def _place(epoch, n_epochs, n_phases):
    if n_phases == 1:
        return f"epoch {epoch} of {n_epochs}"
    phase, within = divmod(epoch - 1, n_epochs)
    return f"phase {phase + 1} of {n_phases}, epoch {within + 1} of {n_epochs}"


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
