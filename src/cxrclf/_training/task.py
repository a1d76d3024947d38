"""Task: the loss, the score, and the meaning of the outputs of a network."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """The loss, the score, and the meaning of the outputs of a network.

    Parameters
    ----------
    loss : callable
        Function without arguments that returns a torch module. The module takes the
        outputs of a batch, and a pair of the truth and the sample weights. It returns
        the mean loss.
    score_name : str
        Name of the score in the history, as in ``"train_accuracy"``.
    score : callable
        Function of the outputs and the truth of a batch. It returns the sum of the
        scores of the samples, as a tensor. Larger scores are better.
    activation : callable
        Function of the outputs, an array of shape (n, ...), that returns probabilities,
        or values in the range of y.
    decide : callable
        Function of the result of `activation` that returns predictions: numbers of
        classes, or values.
    """

    loss: Callable
    score_name: str
    score: Callable
    activation: Callable
    decide: Callable
