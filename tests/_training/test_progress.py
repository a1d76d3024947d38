"""How far a training has come, epoch by epoch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cxrclf._training.progress import Progress


class Module:
    """A module with one learned tensor: the number of epochs."""

    def __init__(self):
        self.tensor = torch.zeros(1)

    def learned_state(self):
        return {"tensor": self.tensor}


def progress_of(scores, monitor="valid_loss", keep_best=True, patience=None, tol=0.0):
    """Return the progress after epochs of these scores, until it is over."""
    settings = SimpleNamespace(monitor=monitor, keep_best=keep_best, tol=tol)
    net = SimpleNamespace(module_=Module(), stop_requested=False)
    progress = Progress()
    for epoch, score in enumerate(scores, start=1):
        if progress.is_over(len(scores), patience):
            break
        net.module_.tensor += 1
        progress.add({"epoch": epoch, monitor: score}, net, settings)
    return progress


@pytest.mark.parametrize("monitor", ["valid_loss", "valid_accuracy"])
def test_the_best_epoch_is_the_first_of_the_best(monitor):
    losses = np.array([0.5, 0.3, 0.4, 0.3])
    scores = losses if monitor == "valid_loss" else 1 - losses
    progress = progress_of(scores, monitor)
    assert progress.best_epoch == 1
    assert progress.best_state["tensor"].tolist() == [2]  # a copy
    assert progress.done == len(progress.history) == 4
    assert progress.waited == 2


def test_patience_counts_epochs_without_an_improvement_of_tol():
    losses = [0.5, 0.45, 0.41, 0.3, 0.29, 0.28, 0.27]
    assert progress_of(losses, patience=2).done == 7
    stopped = progress_of(losses, patience=3, tol=0.1)
    assert stopped.done == 7  # the fourth epoch is better by 0.2
    assert stopped.best_epoch == 6  # however small the improvement
    assert progress_of(losses, patience=2, tol=0.1).done == 3


def test_without_a_validation_score_no_epoch_is_best():
    settings = SimpleNamespace(monitor="valid_loss", keep_best=True, tol=0.0)
    net = SimpleNamespace(module_=Module(), stop_requested=False)
    progress = Progress()
    progress.add({"epoch": 1, "train_loss": 0.1}, net, settings)
    assert progress.best_epoch == -1
    assert not progress.best_state


def test_weights_are_kept_where_asked():
    progress = progress_of([0.5, 0.3], keep_best=False)
    assert progress.best_epoch == 1
    assert not progress.best_state


def test_a_callback_ends_it():
    settings = SimpleNamespace(monitor="valid_loss", keep_best=True, tol=0.0)
    net = SimpleNamespace(module_=Module(), stop_requested=False)
    progress = Progress()
    progress.add({"epoch": 1}, net, settings)
    assert not progress.is_over(9, None)
    net.stop_requested = True
    progress.add({"epoch": 2}, net, settings)
    assert progress.is_over(9, None)
