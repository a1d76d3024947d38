"""What every phase of a phased balanced training gets, in numbers."""

from dataclasses import dataclass

from cxrclf._utils.tables import as_text


@dataclass(frozen=True)
class PhasePlan:
    """What every phase gets of each class, and what none gets.

    Made by :meth:`PhasedBalancedSplit.plan`. All dicts have the class labels as keys,
    sorted, and numbers of rows as values.

    Parameters
    ----------
    n_phases : int
        Number of phases.
    n_rows : dict of label to int
        Rows of the class.
    shared : dict of label to int
        Rows that every phase has.
    per_phase : dict of label to int
        Rows that are dealt to a phase in addition.

    Attributes
    ----------
    recurring : dict of label to int
        Dealt rows that several phases have, because the class has fewer rows than are
        dealt. The others are in one phase alone.
    left_over : dict of label to int
        Rows that no phase has.
    phase_size : int
        Rows of a phase, of all classes together.
    n_used : int
        Rows that are in at least one phase, of all classes together.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.sampling import PhasedBalancedSplit
    >>> y = np.repeat(["covid", "normal", "pneumonia"], [10, 60, 45])
    >>> split = PhasedBalancedSplit(n_phases=4, per_phase={"normal": 15})
    >>> print(split.plan(y))
    4 phases of 70 rows; 115 of 115 rows are used
               rows  in every phase  dealt to a phase  recurring  left over
    covid        10              10                 0          0          0
    normal       60               0                15          0          0
    pneumonia    45              45                 0          0          0
    """

    n_phases: int
    n_rows: dict
    shared: dict
    per_phase: dict

    @property
    def recurring(self):
        """Dealt rows that several phases have."""
        return {
            label: max(0, min(self._dealt(label) - n, n)) for label, n in self._pools()
        }

    @property
    def left_over(self):
        """Rows that no phase has."""
        return {label: max(0, n - self._dealt(label)) for label, n in self._pools()}

    @property
    def phase_size(self):
        """Rows of a phase, of all classes together."""
        return sum(self.shared.values()) + sum(self.per_phase.values())

    @property
    def n_used(self):
        """Rows that are in at least one phase, of all classes together."""
        return sum(self.n_rows.values()) - sum(self.left_over.values())

    def _dealt(self, label):
        return self.n_phases * self.per_phase[label]

    def _pools(self):
        """Yield for each class how many rows there are to be dealt."""
        for label, n in self.n_rows.items():
            yield label, n - self.shared[label]

    def __str__(self):
        columns = {
            "rows": self.n_rows,
            "in every phase": self.shared,
            "dealt to a phase": self.per_phase,
            "recurring": self.recurring,
            "left over": self.left_over,
        }
        lines = [
            [str(label), *(str(column[label]) for column in columns.values())]
            for label in self.n_rows
        ]
        phases = "1 phase" if self.n_phases == 1 else f"{self.n_phases} phases"
        total = sum(self.n_rows.values())
        return (
            f"{phases} of {self.phase_size} rows; {self.n_used} of {total} rows are "
            f"used\n{as_text(['', *columns], lines)}"
        )
