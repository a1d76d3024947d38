"""Balanced phases in published proportions, for data of any size."""

import numpy as np

from cxrclf.sampling import PhasedBalancedSplit


class ProportionalPhases(PhasedBalancedSplit):
    """Split imbalanced rows into phases in the proportions of a publication.

    It is a :class:`~cxrclf.sampling.PhasedBalancedSplit` whose numbers of rows are
    proportions. A class with the published number of rows has exactly the published
    phases. With other numbers of rows, the same fraction of a class is in every phase,
    and the other rows are dealt evenly.

    Parameters
    ----------
    n_phases : int
        Largest number of phases. There are fewer phases if a frequent class would
        otherwise have fewer rows per phase than a class without proportions.
    per_phase : dict of label to int
        Published number of rows per phase that are in no other phase.
    shared : dict of label to int, default=None
        Published number of rows that are in every phase in addition.
    random_state : int, RandomState instance or None, default=None
        Random state of the shared rows and of the rows of each phase.

    Examples
    --------
    A tenth of the data of Rahimzadeh and Attar:

    >>> import numpy as np
    >>> from cxrclf.studies._proportional_phases import ProportionalPhases
    >>> y = np.repeat(["covid", "normal", "pneumonia"], [15, 200, 163])
    >>> phases = ProportionalPhases(
    ...     8, per_phase={"normal": 250, "pneumonia": 200}, shared={"pneumonia": 34})
    >>> print(phases.plan(y))
    8 phases of 63 rows; 378 of 378 rows are used
               rows  in every phase  dealt to a phase  recurring  left over
    covid        15              15                 0          0          0
    normal      200               0                25          0          0
    pneumonia   163               3                20          0          0
    """

    def plan(self, y, *, shared_rows=None):
        """Return the numbers of rows per class in the phases.

        Parameters
        ----------
        y : array-like of shape (n,)
            Class labels.
        shared_rows : None
            Not supported, because `shared` is given.

        Returns
        -------
        PhasePlan
        """
        return self._scale(y).plan(y, shared_rows=shared_rows)

    def split(self, X, y, *, shared_rows=None):
        """Return the rows of each phase.

        Parameters
        ----------
        X : array-like of n samples, or None
            Samples. Only their number is checked.
        y, shared_rows
            As in :meth:`plan`.

        Returns
        -------
        iterator of ndarray of int
            Sorted row numbers of each phase.
        """
        return self._scale(y).split(X, y, shared_rows=shared_rows)

    def _scale(self, y):
        """Return the split with numbers of rows that fit y."""
        labels, counts = np.unique(np.asarray(y), return_counts=True)
        n_rows = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        params = self.get_params()
        if not set(self.per_phase) <= set(n_rows):
            return PhasedBalancedSplit(**params)  # its check names the missing classes
        n_phases = self.n_phases
        n_rare = max(
            (n for c, n in n_rows.items() if c not in self.per_phase), default=0
        )
        shared, dealt = {}, {}
        for label, own in self.per_phase.items():
            common = (self.shared or {}).get(label, 0)
            n = n_rows[label]
            shared[label] = common * n // (self.n_phases * own + common)
            dealt[label] = n - shared[label]
            needed = n_rare - shared[label]
            if needed > 0:
                n_phases = min(n_phases, max(1, dealt[label] // needed))
        params["n_phases"] = n_phases
        params["per_phase"] = {label: n // n_phases for label, n in dealt.items()}
        params["shared"] = shared
        return PhasedBalancedSplit(**params)
