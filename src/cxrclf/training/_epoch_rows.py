"""Which rows an epoch trains on: all, those of a phase, or evenly over the classes."""

from dataclasses import dataclass, replace

import numpy as np

from cxrclf.training._keyed_random import derived_seed


@dataclass(frozen=True)
class EpochRows:
    """The rows of each epoch of a training.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Class codes of all rows.
    phases : tuple of (rows, weights)
        Of each phase: its rows as ints, and their factors on the loss.
    epochs : int, default=1
        Epochs of a phase.
    first_epoch : int, default=0
        Number of the first epoch of the first phase.
    balanced : bool, default=False
        Whether the batches of an epoch take as many rows from each class.
    seed : int, default=0
        Of the balanced order.
    """

    codes: np.ndarray
    phases: tuple
    epochs: int = 1
    first_epoch: int = 0
    balanced: bool = False
    seed: int = 0

    def at(self, epoch):
        """Return the rows and weights of an epoch; balanced ones in their order."""
        phase = (epoch - self.first_epoch) // self.epochs
        rows, weights = self.phases[min(phase, len(self.phases) - 1)]
        if not self.balanced:
            return rows, weights
        order = balanced_order(self.codes[rows], self.seed, epoch)
        return rows[order], weights[order]

    def only(self, kept):
        """Return the same plan without the rows that are not kept."""
        parts = ((np.isin(rows, kept), rows, weights) for rows, weights in self.phases)
        return replace(self, phases=tuple((r[k], w[k]) for k, r, w in parts))

    def ever(self):
        """Return all rows of all epochs, sorted."""
        return np.unique(np.concatenate([rows for rows, _ in self.phases]))


def balanced_order(codes, seed, epoch):
    """Draw as many samples as there are, class by class in turn.

    Any k samples on end take as many from each class, give or take one. Each class is
    a deck of its own that is dealt out before it is shuffled anew, also from one epoch
    to the next.

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
        mine = draws % len(classes) == turn
        rounds, place = np.divmod(draws[mine] // len(classes), len(deck))
        dealt = np.empty(len(place), dtype=np.intp)
        for number in np.unique(rounds):
            rng = np.random.default_rng(derived_seed(seed, turn, number, 2))
            now = rounds == number
            dealt[now] = rng.permutation(deck)[place[now]]
        order[mine] = dealt
    return order
