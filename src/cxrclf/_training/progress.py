"""Progress: the state of a training besides the net."""

import math
from dataclasses import dataclass, field


@dataclass
class Progress:
    """State of a training that a checkpoint has besides the net.

    Attributes
    ----------
    done : int
        Number of complete epochs of this call.
    history : list of dict
        One row per epoch.
    best_score : float
        Best validation score so far. Smaller is better.
    patience_score : float
        Validation score of the last epoch that early stopping counted as an
        improvement. Smaller is better.
    waited : int
        Number of epochs since that improvement.
    best_epoch : int
        Position of the best epoch in `history`, starting at 0. -1 without a best epoch.
    best_state : dict of str to Tensor
        Learned tensors after the best epoch.
    stopped : bool
        Whether a callback has stopped the training.
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
        """Add the row of an epoch, and compare its validation score with the best."""
        self.history.append(row)
        self.done += 1
        self.stopped = net.stop_requested
        if settings.monitor in row:
            sign = 1 if settings.monitor == "valid_loss" else -1
            self._compare_score(sign * row[settings.monitor], net.module_, settings)

    def _compare_score(self, score, module, settings):
        if score < self.best_score:
            self.best_score = score
            self.best_epoch = len(self.history) - 1
            if settings.keep_best:
                self.best_state = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in module.learned_state().items()
                }
        if score < self.patience_score - settings.tol:
            self.patience_score = score
            self.waited = 0
        else:
            self.waited += 1

    def is_over(self, n_epochs, patience):
        """Return whether all epochs are complete, or the training was stopped."""
        patience_is_over = patience is not None and self.waited >= patience
        return self.done >= n_epochs or patience_is_over or self.stopped
