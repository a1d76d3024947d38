"""The record of a run: a resume file after each epoch, and TensorBoard logs."""

import contextlib
import hashlib
import warnings
from pathlib import Path

import numpy as np
import torch

import cxrclf
from cxrclf._training.checkpoint import read_checkpoint, write_checkpoint
from cxrclf._training.progress import Progress
from cxrclf._utils.files import remove_abandoned
from cxrclf.optimizers import schedule_factor


def fingerprint(module, settings, arrays):
    """Identify a training by all that decides its result.

    Parameters
    ----------
    module : torch.nn.Module
        In its initial state.
    settings : dict
        Parameters that shape the training.
    arrays : iterable of ndarray
        The data: content keys, class codes, weights.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    if callable(schedule := settings.get("learning_rate_schedule")):
        # What it returns: how it prints differs from process to process.
        n = settings["schedule_epochs"]
        factors = [schedule_factor(schedule, epoch, n) for epoch in range(n)]
        settings = {**settings, "learning_rate_schedule": factors}
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{cxrclf.__version__} {torch.__version__}".encode())
    digest.update(repr(sorted(settings.items())).encode())
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()))
    return digest.hexdigest()


class RunRecord:
    """What a training leaves behind while it runs.

    A training goes on where its state or its logs cannot be written, with a warning.

    Parameters
    ----------
    checkpoint_dir : path-like or None
        Folder of the resume file; None for none.
    log_dir : path-like or None
        Folder of the TensorBoard logs; None for none.
    run : str or None
        The run's fingerprint, which names its file and its logs.
    n_epochs : int
        Number of epochs of the training.
    """

    def __init__(self, checkpoint_dir, log_dir, run, n_epochs):
        self.n_epochs = n_epochs
        self.progress = Progress()
        self.n_kept = 0
        self.path = None
        self._warned = False
        if checkpoint_dir is not None:
            self.path = Path(checkpoint_dir) / f"{run}.resume"
            remove_abandoned(self.path.parent)
        self.writer = None
        if log_dir is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.log_dir = Path(log_dir) / run
            with self._optional_logs():
                self.writer = SummaryWriter(self.log_dir)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self.writer is not None:
            with self._optional_logs():
                self.writer.close()
        if isinstance(error, KeyboardInterrupt):
            error.args = (*error.args, self._how_to_go_on())

    def resume(self, net):
        """Put the net into the state of the resume file, if there is one.

        Returns
        -------
        Progress

        Raises
        ------
        WeightsError
            If the resume file is damaged.
        OSError
            If it cannot be read.
        """
        self.net = net
        if self.path is not None:
            progress = read_checkpoint(self.path, net, self.n_epochs)
            if progress is not None:
                self.progress = progress
                self.n_kept = progress.done
        return self.progress

    def add(self, progress):
        """Keep the state after an epoch."""
        if self.path is not None:
            try:
                write_checkpoint(self.path, self.net, progress)
                self.n_kept = progress.done
            except OSError as error:
                self._warn_once(error)
        if self.writer is not None:
            row = progress.history[-1]
            with self._optional_logs():
                for name, value in row.items():
                    if name != "epoch":
                        self.writer.add_scalar(name, value, row["epoch"])
                self.writer.flush()  # else errors show up epochs later

    def _warn_once(self, error):
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"The state after epoch {self.progress.done} of {self.n_epochs} cannot "
                f"be kept in checkpoint_dir, and the training goes on: {error}. A "
                f"restart would go on after {self.n_kept} epochs.",
                RuntimeWarning,
                stacklevel=2,
            )

    @contextlib.contextmanager
    def _optional_logs(self):
        """Do without logs from the first error on."""
        try:
            yield
        except Exception as error:  # TensorFlow's own, where it is installed
            self.writer = None
            warnings.warn(
                f"The logs in {self.log_dir} cannot be written, and the training goes "
                f"on without: {error}. Free space there or set another log_dir.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _how_to_go_on(self):
        """Return what an interrupt leaves, and what to do."""
        text = (
            f"The training was interrupted after {self.progress.done} of "
            f"{self.n_epochs} epochs. "
        )
        if self.n_kept:
            return text + (
                f"The state after epoch {self.n_kept} is kept in {self.path}: fit "
                "again with the same parameters and data to go on from there."
            )
        if self.path is not None:
            return text + "No epoch is kept yet: fit again to start anew."
        return text + (
            "Nothing of them is kept, and the estimator is as before the call. Set "
            "checkpoint_dir to keep each epoch and to go on after an interrupt."
        )
