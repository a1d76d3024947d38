"""Train and test one network in one fold, without an error for the other ones."""

import traceback
from typing import NamedTuple

from cxrclf.studies._fit_fold import fit_fold


class Failure(NamedTuple):
    """Training that ended with an error.

    The error is text, because another process cannot read every error.
    """

    network: str
    fold: int
    error: str
    traceback: str

    @property
    def name(self):
        """Name of the network and number of the fold."""
        return f"{self.network}, fold {self.fold}"

    def __str__(self):
        return f"{self.name} failed: {self.error}"


def try_fit(task, X, y, groups):
    """Train and test one network in one fold, or describe the error.

    Parameters
    ----------
    task : FitTask
    X, y, groups
        As in :func:`fit_fold`.

    Returns
    -------
    FitResult or Failure
    """
    try:
        return fit_fold(task, X, y, groups)
    except Exception as error:  # the other trainings must not be lost
        text = f"{type(error).__name__}: {error}"
        return Failure(task.network, task.number, text, traceback.format_exc())
