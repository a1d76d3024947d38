"""The training image that a test image is a copy of."""

from typing import NamedTuple

import numpy as np


class CopySource(NamedTuple):
    """Training row that a test row is a copy of.

    Attributes
    ----------
    row : int
        Training row.
    kind : str
        Kind of the copy. It is "linked" if both rows are copies of another row, and no
        pair of them was found.
    correlation : float
        Correlation of the pair, nan if there is none.
    """

    row: int
    kind: str
    correlation: float


class CopySources:
    """Finds the training rows that test rows are copies of.

    Parameters
    ----------
    pairs : ReportTable
        Pairs of copies, with the columns `row_a`, `row_b`, `kind` and `correlation`.
    copies, exact : ndarray of shape (n,) of int
        Labels that are equal for copies of any kind, and for exact copies.
    """

    def __init__(self, pairs, copies, exact):
        self._copies = copies
        self._exact = exact
        # Changed copies of an image are copies of all images with the same pixels.
        self._changed = {}
        for a, b, kind, correlation in zip(
            *(pairs[name] for name in ("row_a", "row_b", "kind", "correlation")),
            strict=True,
        ):
            if kind != "exact":
                for one, other in ((exact[a], exact[b]), (exact[b], exact[a])):
                    self._changed.setdefault(one, []).append((correlation, other, kind))

    def find(self, train, test):
        """Return one source for each test row.

        Parameters
        ----------
        train : ndarray of int
            Training rows.
        test : ndarray of int
            Test rows that are copies of training rows.

        Returns
        -------
        list of CopySource
            An exact copy if there is one, else the changed copy with the highest
            correlation, else a linked copy.
        """
        by_exact, by_copy = (
            dict(zip(labels[train][::-1].tolist(), train[::-1].tolist(), strict=True))
            for labels in (self._exact, self._copies)
        )
        return [self._find(row, by_exact, by_copy) for row in np.asarray(test).tolist()]

    def _find(self, row, by_exact, by_copy):
        label = self._exact[row]
        if label in by_exact:
            return CopySource(by_exact[label], "exact", 1.0)
        changed = [
            found for found in self._changed.get(label, []) if found[1] in by_exact
        ]
        if changed:
            correlation, other, kind = max(changed, key=lambda found: found[0])
            return CopySource(by_exact[other], kind, correlation)
        return CopySource(by_copy[self._copies[row]], "linked", np.nan)
