"""What a network learns: the loss, the score, and what its outputs mean."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What a network learns, and what its outputs mean.

    Parameters
    ----------
    loss : callable
        Takes no arguments and returns a torch module. That module takes the outputs
        of a batch, and a pair of its truth and its sample weights; it returns the mean
        loss.
    score_name : str
        Name of the score in the history, as in ``"train_accuracy"``.
    score : callable
        Takes the outputs and the truth of a batch, and returns the sum of the scores
        of its samples, as a tensor.
    activation : callable
        Takes outputs as an array of shape (n, ...), and returns probabilities.
    decide : callable
        Takes probabilities, and returns predictions as numbers of classes.
    """

    loss: Callable
    score_name: str
    score: Callable
    activation: Callable
    decide: Callable
