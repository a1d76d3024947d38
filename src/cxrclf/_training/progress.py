"""How far a training has come."""

import math
from dataclasses import dataclass, field


@dataclass
class Progress:
    """How far a training has come: all that a resumed run needs besides the net.

    Attributes
    ----------
    done : int
        Number of epochs of this call that are complete.
    history : list of dict
        One row per epoch.
    best_score, patience_score : float
        The best value so far, and the value that the patience of early stopping
        compares with; smaller is better.
    waited : int
        Number of epochs since `patience_score`.
    best_epoch : int
        The row of the best epoch, counted from 0.
    best_state : dict of str to Tensor
        The learnt tensors after the best epoch.
    stopped : bool
        Whether a callback has ended the training.
    """

    done: int = 0
    history: list = field(default_factory=list)
    best_score: float = math.inf
    patience_score: float = math.inf
    waited: int = 0
    best_epoch: int = -1
    best_state: dict = field(default_factory=dict)
    stopped: bool = False

    def add(self, row, net, settings):
        """Add the row of an epoch, and judge it by its validation score."""
        self.history.append(row)
        self.done += 1
        self.stopped = net.stop_requested
        if settings.monitor in row:
            sign = 1 if settings.monitor == "valid_loss" else -1
            self._judge(sign * row[settings.monitor], net.module_, settings)

    def _judge(self, score, module, settings):
        if score < self.best_score:
            self.best_score = score
            self.best_epoch = len(self.history) - 1
            if settings.keep_best:
                self.best_state = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in module.learnt_state().items()
                }
        if score < self.patience_score - settings.tol:
            self.patience_score = score
            self.waited = 0
        else:
            self.waited += 1

    def is_over(self, n_epochs, patience):
        """Return whether all epochs are done, or the training was stopped."""
        impatient = patience is not None and self.waited >= patience
        return self.done >= n_epochs or impatient or self.stopped
