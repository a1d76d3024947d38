"""The training loop: epochs, the best of them, early stopping, resume."""

import math
from dataclasses import dataclass, field

import torch
from skorch.helper import predefined_split
from tqdm import tqdm

from cxrclf._torch.generator import drawing_from
from cxrclf._training.optimizer import schedule_factor, set_learning_rate
from cxrclf._utils.keyed_random import derived_seed


@dataclass(frozen=True)
class Plan:
    """What the loop is asked to do.

    Parameters
    ----------
    max_epochs : int
        Epochs of this call.
    first_epoch : int
        Epochs that earlier calls have done: views and dropout go on from there.
    trainable : {"all", "head"} or int
        What is trained, once the head has had its start.
    head_epochs : int
        Epochs at the beginning in which the head alone is trained.
    schedule : str or callable
        Of the learning rate.
    schedule_epochs : int
        Epochs after which the schedule begins anew.
    monitor : str
        What makes an epoch better than another: ``"valid_loss"``, or the score of the
        net, as in ``"valid_accuracy"``.
    keep_best : bool
        Whether to end with the best epoch's weights when there is a validation set.
    patience : int or None
        Epochs without improvement after which the training stops; None for never.
    tol : float
        What counts as an improvement for `patience`.
    seed : int
        Of the batches' order and of dropout.
    verbose : int
    """

    max_epochs: int
    first_epoch: int
    trainable: object
    head_epochs: int
    schedule: object
    schedule_epochs: int
    monitor: str
    keep_best: bool
    patience: int | None
    tol: float
    seed: int
    verbose: int


@dataclass
class Progress:
    """How far a training has come: all that a resumed run needs besides the net.

    Attributes
    ----------
    done : int
        Epochs of this call that are complete.
    history : list of dict
        A row an epoch.
    best_score, patience_score : float
        The best value so far, and the one that `patience` compares with; smaller is
        better.
    waited : int
        Epochs since `patience_score`.
    best_epoch : int
        The row of the best epoch, counted from 0.
    best_state : dict of str to Tensor
        The learnt tensors after the best epoch.
    """

    done: int = 0
    history: list = field(default_factory=list)
    best_score: float = math.inf
    patience_score: float = math.inf
    waited: int = 0
    best_epoch: int = -1
    best_state: dict = field(default_factory=dict)

    def judge(self, score, plan, module):
        """Take note of an epoch's validation score."""
        if score < self.best_score:
            self.best_score = score
            self.best_epoch = len(self.history) - 1
            if plan.keep_best:
                self.best_state = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in module.learnt_state().items()
                }
        if score < self.patience_score - plan.tol:
            self.patience_score = score
            self.waited = 0
        else:
            self.waited += 1

    def is_over(self, plan):
        """Return whether the training has run its course."""
        impatient = plan.patience is not None and self.waited >= plan.patience
        return self.done >= plan.max_epochs or impatient


def run_epochs(net, train_set, valid_set, plan, progress, *, on_epoch_end):
    """Train a net until the plan is fulfilled.

    Parameters
    ----------
    net : AutocastNet
    train_set, valid_set : PixelSet or FeatureSet; valid_set may be None
    plan : Plan
    progress : Progress
        Of a new or of a resumed run; updated in place.
    on_epoch_end : callable
        Called with the progress after every epoch.

    Raises
    ------
    ValueError
        If the loss is no longer a finite number.
    """
    module = net.module_
    net.train_split = predefined_split(valid_set) if valid_set is not None else None
    bar = tqdm(
        total=plan.max_epochs,
        initial=progress.done,
        desc="training",
        unit="epoch",
        disable=not plan.verbose,
    )
    net.notify("on_train_begin", X=train_set, y=None)
    with bar:
        while not progress.is_over(plan):
            row = _run_epoch(net, train_set, valid_set, plan, progress)
            _check_finite(row)
            progress.history.append(row)
            progress.done += 1
            if valid_set is not None:
                sign = 1 if plan.monitor == "valid_loss" else -1
                progress.judge(sign * row[plan.monitor], plan, module)
            bar.set_postfix({k: f"{v:.4g}" for k, v in row.items() if "_" in k})
            bar.update()
            on_epoch_end(progress)
    net.notify("on_train_end", X=train_set, y=None)
    net.train_split = None  # it holds the validation images
    if progress.best_state:
        module.load_learnt_state(progress.best_state)


def _check_finite(row):
    if not math.isfinite(row["train_loss"]):
        raise ValueError(
            f"The training diverged: the loss of epoch {row['epoch']} is "
            f"{row['train_loss']}. Lower learning_rate or body_learning_rate, and see "
            "that float pixels lie in [0, 1]."
        )


def _run_epoch(net, train_set, valid_set, plan, progress):
    epoch = plan.first_epoch + progress.done
    warming_up = progress.done < plan.head_epochs
    net.module_.set_trainable("head" if warming_up else plan.trainable)
    period = plan.schedule_epochs
    factor = schedule_factor(plan.schedule, progress.done % period, period)
    set_learning_rate(net.optimizer_, factor)
    for data_set in (train_set, valid_set):
        if data_set is not None:
            data_set.begin_epoch(epoch)
    # A new seed in each epoch, so that a resumed run draws the same dropout.
    generator = torch.Generator(net.device)
    generator.manual_seed(derived_seed(plan.seed, epoch, 1))
    with drawing_from(generator):
        net.fit_loop(train_set, epochs=1)
    net.module_.set_trainable(plan.trainable)
    record = net.history[-1]
    row = {"epoch": epoch + 1}
    for prefix in ("train", "valid"):
        for column in (f"{prefix}_loss", f"{prefix}_{net.score[0]}"):
            if column in record:
                row[column] = float(record[column])
    row["duration"] = float(record["dur"])
    row["learning_rate"] = net.optimizer_.param_groups[-1]["lr"]
    net.history.clear()  # skorch keeps every batch; the row has what is needed
    return row
