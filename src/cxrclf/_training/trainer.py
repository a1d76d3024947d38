"""Trainer: epochs, the best epoch, early stopping, resuming."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from skorch.helper import predefined_split
from tqdm import tqdm

from cxrclf._torch.generator import use_generator
from cxrclf._training.allocator import keep_memory
from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.run_record import RunRecord, fingerprint
from cxrclf._utils.keyed_random import derived_seed
from cxrclf._utils.splitting import join_groups, split_validation
from cxrclf.augmentation import Copies
from cxrclf.optimizers import schedule_factor, set_learning_rate


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a training.

    Parameters
    ----------
    reading : dict
        Parameters of :meth:`cxrclf.images.ImageInput.open`.
    seed : int
        Seed of the views, the order and the dropout.
    repeatable : bool
        Whether another training can have the same seed.
    max_epochs : int
        Number of epochs per phase.
    first_epoch : int
        Number of epochs of earlier calls. The epoch numbers of views and dropout
        continue from it.
    trainable : {"all", "head"} or int
        Part of the network that is trained after the `head_epochs`.
    head_epochs : int
        Number of epochs at the beginning in which the head alone is trained.
    learning_rate_schedule : str or callable
        Factor on the learning rates in each epoch.
    restart_schedule : bool
        Whether the learning-rate schedule starts again in each phase.
    augmentation : Augmentation or None
        Random transformations of the training images.
    n_views : int or None
        Number of different views of an image. None uses a new view in each epoch.
    balanced_batches : bool
        Whether each batch has the same number of samples from each class.
    validation_fraction : float or None
        Fraction of the patients or images that is held out. None holds out nothing.
    monitor : str
        Column of the history that decides which epoch is best: ``"valid_loss"``, or
        the score, as in ``"valid_accuracy"``.
    keep_best : bool
        Whether the training ends with the weights of the best epoch.
    patience : int or None
        Number of epochs without improvement after which the training stops. None
        turns early stopping off.
    tol : float
        Smallest change that counts as an improvement for `patience`.
    compiled : bool
        Whether the backbone is compiled.
    checkpoint_dir : path-like or None
        Folder of checkpoints.
    log_dir : path-like or None
        Folder of TensorBoard logs.
    verbose : int
        Whether to show progress bars.
    identity : dict
        All parameters that decide the result, for the fingerprint of the run.
    """

    reading: dict
    seed: int
    repeatable: bool
    max_epochs: int
    first_epoch: int
    trainable: object
    head_epochs: int
    learning_rate_schedule: object
    restart_schedule: bool
    augmentation: object
    n_views: int | None
    balanced_batches: bool
    validation_fraction: float | None
    monitor: str
    keep_best: bool
    patience: int | None
    tol: float
    compiled: bool
    checkpoint_dir: object
    log_dir: object
    verbose: int
    identity: dict = field(repr=False)


class Trainer:
    """Train a net on examples, epoch by epoch.

    Parameters
    ----------
    net : TrainingNet
    settings : TrainingSettings
    policy : PixelPolicy
        Policy that decides whether the training uses pixels or features.
    """

    def __init__(self, net, settings, policy):
        self.net = net
        self.settings = settings
        self.policy = policy

    def run(self, train, validation, phases, groups):
        """Train until all epochs are complete, or the training is stopped.

        Parameters
        ----------
        train : Examples
        validation : Examples or None
        phases : list of ndarray of int
            Rows of `train` for each phase. The phases follow one another.
        groups : ndarray of shape (n,) or None
            Patient ids. ``validation_fraction`` does not divide a patient.

        Returns
        -------
        Progress

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        ValueError
            If the loss is not finite, or if a class has too few groups for a
            validation set.
        """
        data, held_out = self._open(train, phases, groups)
        if validation is not None:
            held_out = self._open_validation(validation)
        settings = self.settings
        n_phases = len(data.schedule.phases)
        # Plain ints, because the reader of checkpoints refuses NumPy's numbers.
        n_epochs = int(settings.max_epochs) * n_phases
        period = int(settings.max_epochs) if settings.restart_schedule else n_epochs
        record = self._open_record(data, held_out, n_epochs, period)
        train_samples, valid_samples = self.policy.training_samples(
            self.net, data, held_out, settings
        )
        with record, keep_memory():
            progress = record.resume(self.net)
            self._run_epochs(
                train_samples, valid_samples, progress, n_epochs, period, record
            )
        return progress

    def _open(self, examples, phases, groups):
        """Read the examples, and return the training data and the held-out data."""
        images, targets = examples.open(**self.settings.reading)
        copies = Copies(images, examples.images.paths)
        held_out = None
        if self.settings.validation_fraction is not None:
            phases, rows = self._hold_out(images, copies, targets, phases, groups)
            held_out = EpochSchedule.of_rows(rows)
        schedule = EpochSchedule(
            tuple((rows, examples.weights.at(rows)) for rows in phases),
            epochs=self.settings.max_epochs,
            first_epoch=self.settings.first_epoch,
            strata=targets.strata if self.settings.balanced_batches else None,
            seed=self.settings.seed,
        )
        data = TrainingData(images, copies, targets, schedule)
        return data, None if held_out is None else replace(data, schedule=held_out)

    def _open_validation(self, examples):
        images, targets = examples.open(**self.settings.reading)
        copies = Copies(images, examples.images.paths)
        rows = EpochSchedule.of_rows(np.arange(len(images)))
        return TrainingData(images, copies, targets, rows)

    def _hold_out(self, images, copies, targets, phases, groups):
        """Return the phases without the validation set, and the validation rows."""
        fraction = self.settings.validation_fraction
        rows = np.unique(np.concatenate(phases))
        keys = images.keys
        group_keys = keys if groups is None else join_groups(groups, keys)
        train, valid = split_validation(
            targets.strata[rows], group_keys[rows], fraction, self.settings.seed
        )
        phases = [phase[np.isin(phase, rows[train])] for phase in phases]
        if not all(len(phase) for phase in phases):
            raise ValueError(
                f"validation_fraction={fraction} holds out all rows of a phase. Hold "
                "out a validation set before the rows are split into phases: set "
                "PhasedClassifier(validation_fraction=...), or pass X_val and y_val."
            )
        held_out = rows[valid]
        originals = held_out[~copies.is_copy[held_out]]
        if not len(originals):
            raise ValueError(
                f"validation_fraction={fraction} holds out transformed copies of files "
                "only, and a validation set has no copies. Pass X_val and y_val."
            )
        return phases, originals

    def _open_record(self, data, validation, n_epochs, period):
        """Return the record of this run, which its fingerprint names."""
        settings, run = self.settings, None
        if settings.checkpoint_dir is not None or settings.log_dir is not None:
            identity = settings.identity | {
                "epoch": settings.first_epoch,
                "n_epochs": n_epochs,
                "schedule_epochs": period,
                "validated": validation is not None,
            }
            parts = data.fingerprint_parts()
            if validation is not None:
                parts += validation.fingerprint_parts()
            run = fingerprint(self.net.module_, identity, parts)
        return RunRecord(settings.checkpoint_dir, settings.log_dir, run, n_epochs)

    def _run_epochs(self, train, valid, progress, n_epochs, period, record):
        net, settings = self.net, self.settings
        net.train_split = None if valid is None else predefined_split(valid)
        net.append_history(progress.history)
        self._set_learning_rate(progress.done, period, force=True)
        net.notify("on_train_begin", X=train, y=None)
        bar = tqdm(
            total=n_epochs,
            initial=progress.done,
            desc="training",
            unit="epoch",
            disable=not settings.verbose,
        )
        with bar:
            while not progress.is_over(n_epochs, settings.patience):
                row = self._run_epoch(train, valid, progress.done, period)
                progress.add(row, net, settings)
                bar.set_postfix({k: f"{v:.4g}" for k, v in row.items() if "_" in k})
                bar.update()
                record.add(progress)
        if progress.best_state:
            net.module_.load_learned_state(progress.best_state)
        # A callback may save the net, so that it gets the final weights.
        net.notify("on_train_end", X=train, y=None)
        net.module_.eval()
        net.train_split = None  # it refers to the validation images

    def _run_epoch(self, train, valid, done, period):
        """Train for an epoch, and return its row of the history."""
        net, settings = self.net, self.settings
        epoch = settings.first_epoch + done
        is_head_epoch = done < settings.head_epochs
        net.module_.set_trainable("head" if is_head_epoch else settings.trainable)
        self._set_learning_rate(done, period)
        for samples in (train, valid):
            if samples is not None:
                samples.begin_epoch(epoch)
        # A new seed in each epoch, so that a resumed run draws the same dropout.
        generator = torch.Generator(net.device)
        generator.manual_seed(derived_seed(settings.seed, epoch, 1))
        with use_generator(generator):
            net.run_epoch(train)
        net.module_.set_trainable(settings.trainable)
        row = net.history_row()
        if not math.isfinite(row["train_loss"]):
            raise ValueError(
                f"The training diverged: the loss of epoch {row['epoch']} is "
                f"{row['train_loss']}. Lower learning_rate or body_learning_rate, and "
                "check that float pixels are in [0, 1]."
            )
        return row

    def _set_learning_rate(self, done, period, force=False):
        """Set the learning rates by the schedule.

        While the factor is constant the rates are not set, so that a callback may
        change them.
        """
        schedule = self.settings.learning_rate_schedule
        factor = schedule_factor(schedule, done % period, period)
        if force or factor != self._factor:
            set_learning_rate(self.net.optimizer_, factor)
        self._factor = factor
