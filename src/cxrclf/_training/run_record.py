"""RunRecord: a checkpoint after each epoch, and TensorBoard logs."""

import contextlib
import hashlib
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import cxrclf
from cxrclf._training.checkpoint import read_checkpoint, write_checkpoint
from cxrclf._training.progress import Progress
from cxrclf._utils.files import remove_abandoned, replace_file
from cxrclf.optimizers import schedule_factor


def fingerprint(module, settings, arrays):
    """Return a digest of everything that decides the result of a training.

    Parameters
    ----------
    module : torch.nn.Module
        Network with its initial weights.
    settings : dict
        Parameters that decide the result.
    arrays : iterable of ndarray
        Arrays that identify the data: content keys, class codes, weights.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    if callable(schedule := settings.get("learning_rate_schedule")):
        # The factors identify a callable. Its repr contains an address, which differs
        # between processes.
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
    """Checkpoints and TensorBoard logs of a training.

    If a checkpoint or a log cannot be written, a warning names the cause, and the
    training continues.

    Parameters
    ----------
    checkpoint_dir : path-like or None
        Folder of the checkpoint. None writes no checkpoint.
    log_dir : path-like or None
        Folder of the TensorBoard logs. None writes no logs.
    run : str or None
        Fingerprint of the run, which names its checkpoint and its logs.
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
            with self._stop_logs_on_error():
                self.writer = SummaryWriter(self.log_dir)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self.writer is not None:
            with self._stop_logs_on_error():
                self.writer.close()
        if isinstance(error, KeyboardInterrupt):
            error.args = (*error.args, self._explain_interrupt())

    def resume(self, net):
        """Load the checkpoint of this run into the net, if there is one.

        Returns
        -------
        Progress
            Progress of the checkpoint, or of a new training.

        Raises
        ------
        WeightsError
            If the checkpoint is damaged.
        OSError
            If the checkpoint cannot be read.
        """
        self.net = net
        if self.path is not None:
            progress = read_checkpoint(self.path, net, self.n_epochs)
            if progress is not None:
                self.progress = progress
                self.n_kept = progress.done
        return self.progress

    def add(self, progress):
        """Write the checkpoint and the logs of an epoch."""
        if self.path is not None:
            try:
                write_checkpoint(self.path, self.net, progress)
                self.n_kept = progress.done
            except OSError as error:
                self._warn_once(error)
        if self.writer is not None:
            row = progress.history[-1]
            with self._stop_logs_on_error():
                for name, value in row.items():
                    if name != "epoch":
                        self.writer.add_scalar(name, value, row["epoch"])
                self.writer.flush()  # raises errors of the disk in this epoch

    def add_image(self, name, image):
        """Write an image of the last epoch to the logs, and as a PNG file beside them.

        Parameters
        ----------
        name : str
            Name of the image in TensorBoard, and of the folder of the files.
        image : ndarray of shape (H, W) or (H, W, 3) of uint8
        """
        if self.writer is not None:
            epoch = self.progress.history[-1]["epoch"]
            layout = "HW" if image.ndim == 2 else "HWC"
            with self._stop_logs_on_error():
                self.writer.add_image(name, image, epoch, dataformats=layout)
                folder = self.log_dir / name
                folder.mkdir(exist_ok=True)
                with replace_file(folder / f"epoch-{epoch:04}.png") as temporary:
                    Image.fromarray(image).save(temporary, format="png")

    def _warn_once(self, error):
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"The checkpoint of epoch {self.progress.done} of {self.n_epochs} "
                "cannot be written to checkpoint_dir, and the training goes on: "
                f"{error}. A restart would go on after {self.n_kept} epochs.",
                RuntimeWarning,
                stacklevel=2,
            )

    @contextlib.contextmanager
    def _stop_logs_on_error(self):
        """Warn of the first error of the logs, and write no more logs."""
        try:
            yield
        except Exception as error:  # with TensorFlow installed, of its own types
            self.writer = None
            warnings.warn(
                f"The logs in {self.log_dir} cannot be written, and the training goes "
                f"on without logs: {error}. Free space there or set another log_dir.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _explain_interrupt(self):
        """Return the message of an interrupt: what is saved, and the remedy."""
        text = (
            f"The training was interrupted after {self.progress.done} of "
            f"{self.n_epochs} epochs. "
        )
        if self.n_kept:
            return text + (
                f"The state after epoch {self.n_kept} is kept in {self.path}: fit "
                "again with the same parameters and data to continue from there."
            )
        if self.path is not None:
            return (
                text + "No epoch is kept yet: fit again to start from the first epoch."
            )
        return text + (
            "No epoch is kept, and the estimator is as before the call. Set "
            "checkpoint_dir to keep each epoch and to continue after an interrupt."
        )
