"""The rows of each epoch: all rows, the rows of a phase, or balanced rows."""

from dataclasses import dataclass

import numpy as np

from cxrclf._utils.keyed_random import derived_seed, keyed_state


@dataclass(frozen=True)
class EpochSchedule:
    """The rows of each epoch of a training.

    Parameters
    ----------
    phases : tuple of (rows, weights)
        Rows of each phase as ints, and their factors on the loss.
    epochs : int, default=1
        Number of epochs per phase.
    first_epoch : int, default=0
        Number of the first epoch of the first phase.
    strata : ndarray of shape (n,) of int, default=None
        Stratum of each row. Each batch has the same number of rows from each stratum.
        With None, each epoch has every row of its phase once.
    seed : int, default=0
        Seed of the balanced order.
    """

    phases: tuple
    epochs: int = 1
    first_epoch: int = 0
    strata: np.ndarray | None = None
    seed: int = 0

    @classmethod
    def of_rows(cls, rows):
        """Return a schedule in which every epoch has these rows, with weight 1."""
        return cls(((rows, np.ones(len(rows))),))

    @property
    def balanced(self):
        """Whether the rows of an epoch are in a balanced order."""
        return self.strata is not None

    def rows_of(self, epoch):
        """Return the rows of an epoch and their weights.

        Balanced rows are in the order of training.
        """
        phase, epoch = divmod(epoch - self.first_epoch, self.epochs)
        rows, weights = self.phases[min(phase, len(self.phases) - 1)]
        if not self.balanced:
            return rows, weights
        seed = derived_seed(self.seed, self.first_epoch, phase, 2)
        order = balanced_order(self.strata[rows], seed, epoch)
        return rows[order], weights[order]

    def all_rows(self):
        """Return the rows of all epochs, sorted and unique."""
        return np.unique(np.concatenate([rows for rows, _ in self.phases]))


def balanced_order(codes, seed, epoch):
    """Draw n of n samples for an epoch, one class after the other in turn.

    In any k consecutive samples, the numbers of samples per class differ by at most
    one. Each class is a deck of cards: a sample is repeated only after all samples of
    its class were used. With the same codes and seed this also holds across epochs.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Class of each sample.
    seed, epoch : int

    Returns
    -------
    ndarray of shape (n,) of int
        Positions in `codes`. Samples of small classes are repeated.
    """
    n = len(codes)
    classes = np.unique(codes)
    # Draws are counted over all epochs: draw d takes a sample of class d modulo the
    # number of classes. So an epoch is computed without the epochs before it.
    draws = np.arange(epoch * n, (epoch + 1) * n)
    order = np.empty(n, dtype=np.intp)
    for turn, code in enumerate(classes):
        deck = np.flatnonzero(codes == code)
        mine = np.flatnonzero(draws % len(classes) == turn)
        if len(mine):
            first, last = draws[mine[[0, -1]]] // len(classes)
            rounds = np.arange(first // len(deck), last // len(deck) + 1)
            # One shuffled deck per round, one after the other.
            keys = np.tile(np.arange(len(deck)), len(rounds))
            states = keyed_state(seed, keys, np.repeat(rounds, len(deck)), turn)
            shuffled = deck[states.reshape(len(rounds), -1).argsort(axis=1)].ravel()
            start = first - rounds[0] * len(deck)
            order[mine] = shuffled[start : start + len(mine)]
    return order
