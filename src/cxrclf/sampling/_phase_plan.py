"""Numbers of rows per class in the phases of a training."""

from dataclasses import dataclass

from cxrclf._utils.tables import as_text


@dataclass(frozen=True)
class PhasePlan:
    """Numbers of rows per class in the phases of a training.

    :meth:`PhasedBalancedSplit.plan` returns this object. All dicts map the sorted class
    labels to numbers of rows.

    Parameters
    ----------
    n_phases : int
        Number of phases.
    n_rows : dict of label to int
        Number of rows of the class.
    shared : dict of label to int
        Number of rows that are in every phase.
    per_phase : dict of label to int
        Number of rows that are dealt to each phase in addition.

    Attributes
    ----------
    recurring : dict of label to int
        Number of dealt rows that are in several phases. Dealt rows recur if the phases
        need more rows than the class has. Other dealt rows are in one phase only.
    left_over : dict of label to int
        Number of rows that are in no phase.
    phase_size : int
        Number of rows per phase, of all classes.
    n_used : int
        Number of rows that are in at least one phase, of all classes.

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
        """Number of dealt rows that are in several phases, by class."""
        # After n rows the dealing starts again at the first row, which then recurs.
        return {
            label: max(0, min(self._n_dealt(label) - n, n))
            for label, n in self._pools()
        }

    @property
    def left_over(self):
        """Number of rows that are in no phase, by class."""
        return {label: max(0, n - self._n_dealt(label)) for label, n in self._pools()}

    @property
    def phase_size(self):
        """Number of rows per phase, of all classes."""
        return sum(self.shared.values()) + sum(self.per_phase.values())

    @property
    def n_used(self):
        """Number of rows that are in at least one phase, of all classes."""
        return sum(self.n_rows.values()) - sum(self.left_over.values())

    def _n_dealt(self, label):
        return self.n_phases * self.per_phase[label]

    def _pools(self):
        """Yield each class and its number of rows that are not shared."""
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
