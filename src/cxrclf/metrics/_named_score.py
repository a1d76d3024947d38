"""Scores by the names that the scorers use, such as auc_covid."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._score_columns import SHARES, SampleScores


class NamedScore:
    """One score of samples.

    Parameters
    ----------
    name : str
        ``"accuracy"``, ``"balanced_accuracy"``, ``"macro_<score>"`` or
        ``"<score>_<class>"``.
    classes : sequence
        All classes.
    has_scores : bool
        Whether the samples have `y_score`.

    Raises
    ------
    ValueError
        If there is no such score.
    """

    def __init__(self, name: str, classes: Sequence[Any], has_scores: bool):
        self.name = name
        columns = (*SHARES, "auc") if has_scores else SHARES
        known: dict[str, tuple[str, int | None]] = {"accuracy": ("", None)}
        known |= {f"macro_{column}": (column, None) for column in columns}
        known["balanced_accuracy"] = ("sensitivity", None)
        known |= {
            f"{column}_{label}": (column, code)
            for code, label in enumerate(classes)
            for column in columns
        }
        if name not in known:
            hint = "" if has_scores else " Scores of AUC need y_score."
            raise ValueError(
                f"There is no score {name!r}. The scores are {list(known)}.{hint}"
            )
        self._column, self._code = known[name]

    def compute(
        self, samples: SampleScores, level: float
    ) -> tuple[Estimate, np.ndarray]:
        """Return the score with its interval, and the influence of each sample."""
        if not self._column:
            column = samples.overall_accuracy(level)
        elif self._code is None:
            classes = samples.column(self._column, level, samples.present)
            column = samples.mean(classes)
        else:
            column = samples.column(self._column, level, np.array([self._code]))
        return Estimate(*column.values[0].tolist()), column.influence[:, 0]

    def count_patients(self, samples: SampleScores) -> int:
        """Return the number of patients of the smallest side of the score.

        These are the patients that the denominator counts: patients with the class
        (sensitivity), without it (specificity), predicted as it (precision), and with
        it or predicted as it (F1). Accuracy and AUC of a class have two sides, the
        patients with the class and the patients without it. A mean over classes has the
        sides of each class.
        """

        def count(rows: np.ndarray) -> int:
            return len(np.unique(samples.patients[rows]))

        if not self._column:
            return count(np.ones(len(samples.patients), bool))
        columns = zip(samples.is_true.T, samples.is_pred.T, strict=True)
        classes = [*columns] if self._code is None else [[*columns][self._code]]
        return min(
            count(rows)
            for true, pred in classes
            for rows in {
                "sensitivity": [true],
                "specificity": [~true],
                "precision": [pred],
                "f1": [true | pred],
            }.get(self._column, [true, ~true])
        )
