"""Train a CycleGAN, epoch by epoch."""

import math
import time
from dataclasses import dataclass, field
from itertools import islice

import torch
from tqdm import tqdm

from cxrclf._training.allocator import keep_memory
from cxrclf._training.run_record import RunRecord, fingerprint
from cxrclf.generation._cyclegan_net import LOSS_NAMES
from cxrclf.generation._sample_sheet import draw_sample_sheet
from cxrclf.optimizers import set_learning_rate


@dataclass(frozen=True)
class CycleGANSettings:
    """Settings of the training of a CycleGAN.

    Parameters
    ----------
    max_epochs : int
        Number of epochs.
    max_iter : int or None
        Number of optimizer steps. It replaces `max_epochs`.
    checkpoint_dir : path-like or None
        Folder of checkpoints.
    log_dir : path-like or None
        Folder of TensorBoard logs and of sample sheets.
    verbose : int
        Whether to show a progress bar.
    description : str
        Text of the progress bar.
    identity : dict
        All parameters that decide the result, for the fingerprint of the run.
    """

    max_epochs: int
    max_iter: int | None
    checkpoint_dir: object
    log_dir: object
    verbose: int
    description: str
    identity: dict = field(repr=False)


def decay_factor(epoch, n_epochs):
    """Return the factor of the learning rate: constant, then falling linearly.

    Parameters
    ----------
    epoch : int
        Number of the epoch, from 0.
    n_epochs : int
        Number of epochs. The factor is 1 in the first half. It falls in equal steps
        in the second half, and would be 0 in the epoch after the last.

    Returns
    -------
    float
    """
    n_falling = n_epochs // 2
    return 1 - max(0, epoch + 1 - (n_epochs - n_falling)) / (n_falling + 1)


def train_cyclegan(net, data, settings):
    """Train a CycleGAN.

    Parameters
    ----------
    net : CycleGANNet
        The net. It is changed in place.
    data : UnpairedImages
    settings : CycleGANSettings

    Returns
    -------
    list of dict
        One row per epoch: ``epoch``, the losses of `LOSS_NAMES`, ``learning_rate`` and
        ``duration`` in seconds.

    Raises
    ------
    ValueError
        If a loss is not finite.
    """
    n_steps = settings.max_iter or settings.max_epochs * data.n_steps
    n_epochs = math.ceil(n_steps / data.n_steps)
    record = RunRecord(
        settings.checkpoint_dir, settings.log_dir, _name(net, data, settings), n_epochs
    )
    with record, keep_memory():
        progress = record.resume(net)
        bar = tqdm(
            total=n_steps,
            initial=min(progress.done * data.n_steps, n_steps),
            desc=settings.description,
            unit="step",
            disable=not settings.verbose,
        )
        with bar:
            for epoch in range(progress.done, n_epochs):
                factor = decay_factor(epoch, n_epochs)
                set_learning_rate(net.optimizer_, factor)
                row = _run_epoch(net, data, epoch, n_steps, bar)
                progress.history.append(row)
                progress.done += 1
                record.add(progress)
                if settings.log_dir is not None:
                    record.add_image("samples", draw_sample_sheet(net, data))
    return progress.history


def _run_epoch(net, data, epoch, n_steps, bar):
    """Train for an epoch, and return its row of the history."""
    start = time.perf_counter()
    first = epoch * data.n_steps
    total = torch.zeros(len(LOSS_NAMES), dtype=torch.float64)
    total = total.to(net.input_format.device)
    n = min(data.n_steps, n_steps - first)
    for number, images in enumerate(islice(data.batches(epoch), n)):
        total += net.step(images, first + number)
        bar.update()
    losses = dict(zip(LOSS_NAMES, (total / n).tolist(), strict=True))
    if not all(map(math.isfinite, losses.values())):
        raise ValueError(
            f"The training diverged: the losses of epoch {epoch + 1} are {losses}. "
            "Lower learning_rate, and check that float pixels are in [0, 1]."
        )
    bar.set_postfix({name: f"{value:.3g}" for name, value in losses.items()})
    return {
        "epoch": epoch + 1,
        **losses,
        "learning_rate": net.optimizer_.param_groups[0]["lr"],
        "duration": time.perf_counter() - start,
    }


def _name(net, data, settings):
    """Return the fingerprint of the run, or None if nothing is recorded."""
    if settings.checkpoint_dir is None and settings.log_dir is None:
        return None
    return fingerprint(net.module_, settings.identity, data.keys)
