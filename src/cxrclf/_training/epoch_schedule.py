"""The rows of each epoch: all, those of a phase, or evenly over the classes."""

from dataclasses import dataclass

import numpy as np

from cxrclf._utils.keyed_random import derived_seed, keyed_state


@dataclass(frozen=True)
class EpochSchedule:
    """The rows of each epoch of a training.

    Parameters
    ----------
    phases : tuple of (rows, weights)
        The rows of each phase as ints, and their factors on the loss.
    epochs : int, default=1
        Number of epochs per phase.
    first_epoch : int, default=0
        Number of the first epoch of the first phase.
    strata : ndarray of shape (n,) of int, default=None
        The batches of an epoch have as many rows of each number. By default an epoch
        has each row of its phase once.
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
        """Return the schedule of epochs that have some rows as they are."""
        return cls(((rows, np.ones(len(rows))),))

    @property
    def balanced(self):
        """Whether the rows of an epoch are in an order of their own."""
        return self.strata is not None

    def rows_of(self, epoch):
        """Return the rows of an epoch and their weights, balanced ones in order."""
        phase, epoch = divmod(epoch - self.first_epoch, self.epochs)
        rows, weights = self.phases[min(phase, len(self.phases) - 1)]
        if not self.balanced:
            return rows, weights
        seed = derived_seed(self.seed, self.first_epoch, phase, 2)
        order = balanced_order(self.strata[rows], seed, epoch)
        return rows[order], weights[order]

    def all_rows(self):
        """Return the rows that any epoch has, sorted."""
        return np.unique(np.concatenate([rows for rows, _ in self.phases]))


def balanced_order(codes, seed, epoch):
    """Draw as many samples as there are, class by class in turn.

    Any k samples on end take as many from each class, give or take one. Each class is
    a deck of its own that is dealt out before it is shuffled anew, also from one epoch
    to the next, with the same codes and the same seed.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
    seed, epoch : int

    Returns
    -------
    ndarray of shape (n,) of int
        Samples, those of small classes repeatedly.
    """
    n = len(codes)
    classes = np.unique(codes)
    draws = np.arange(epoch * n, (epoch + 1) * n)
    order = np.empty(n, dtype=np.intp)
    for turn, code in enumerate(classes):
        deck = np.flatnonzero(codes == code)
        mine = np.flatnonzero(draws % len(classes) == turn)
        if len(mine):
            first, last = draws[mine[[0, -1]]] // len(classes)
            rounds = np.arange(first // len(deck), last // len(deck) + 1)
            # As many shuffled decks, one after the other.
            keys = np.tile(np.arange(len(deck)), len(rounds))
            states = keyed_state(seed, keys, np.repeat(rounds, len(deck)), turn)
            shuffled = deck[states.reshape(len(rounds), -1).argsort(axis=1)].ravel()
            start = first - rounds[0] * len(deck)
            order[mine] = shuffled[start : start + len(mine)]
    return order
