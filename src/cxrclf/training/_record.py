"""The record of a run: a resume file after each epoch, and TensorBoard logs."""

import hashlib
from pathlib import Path

import numpy as np
import torch

import cxrclf
from cxrclf._utils._files import replaced_whole
from cxrclf.exceptions import WeightsError
from cxrclf.training._loop import Progress
from cxrclf.training._optimizer import schedule_factor


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

    Parameters
    ----------
    checkpoint_dir : path-like or None
        Folder of the resume file; None for none.
    log_dir : path-like or None
        Folder of the TensorBoard logs; None for none.
    run : str or None
        The run's fingerprint, which names its file and its logs.
    """

    def __init__(self, checkpoint_dir, log_dir, run):
        self.path = None
        if checkpoint_dir is not None:
            self.path = Path(checkpoint_dir) / f"{run}.resume"
        self.writer = None
        if log_dir is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(Path(log_dir) / run)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.writer is not None:
            self.writer.close()

    def resume(self, net):
        """Put the net into the state of the resume file, if there is one.

        Returns
        -------
        Progress

        Raises
        ------
        WeightsError
            If the resume file is damaged.
        """
        self.net = net
        if self.path is None or not self.path.exists():
            return Progress()
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # of many kinds, from pickle and zipfile
            raise WeightsError(
                f"The resume file {self.path} is damaged. Delete it; the training "
                "then starts from its first epoch."
            ) from error
        net.module_.load_learnt_state(state["module"])
        net.optimizer_.load_state_dict(state["optimizer"])
        return Progress(**state["progress"])

    def add(self, progress):
        """Keep the state after an epoch."""
        if self.path is not None:
            state = {
                "module": self.net.module_.learnt_state(),
                "optimizer": self.net.optimizer_.state_dict(),
                "progress": vars(progress),
            }
            with replaced_whole(self.path) as path:
                torch.save(state, path)
        if self.writer is not None:
            row = progress.history[-1]
            for name, value in row.items():
                if name != "epoch":
                    self.writer.add_scalar(name, value, row["epoch"])
