"""Paired differences of the scores of several classifiers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from cxrclf._utils.checks import check_level
from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, write_csv
from cxrclf.metrics._class_choice import choose_classes
from cxrclf.metrics._comparison import Comparison
from cxrclf.metrics._delong_test import delong_test
from cxrclf.metrics._holm import holm
from cxrclf.metrics._mcnemar_test import mcnemar_test
from cxrclf.metrics._predictions import Predictions
from cxrclf.metrics._rank_scores import rank_scores
from cxrclf.metrics._score_table import format_score
from cxrclf.metrics._subgroup_gaps import format_p
from cxrclf.metrics._text_table import TextTable

_NAMES = [
    "first",
    "second",
    "score",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "adjusted_p_value",
]


class PairComparison(NamedTuple):
    """Comparison of one score of two classifiers.

    Attributes
    ----------
    first, second : str
        Names of the classifiers.
    score : str
        Name of the score: ``"accuracy"`` or ``"auc_<class>"``.
    comparison : Comparison
        Score of the first classifier minus score of the second, and its test.
    adjusted_p_value : float
        p-value after the correction of Holm for all comparisons of the table.
    """

    first: str
    second: str
    score: str
    comparison: Comparison
    adjusted_p_value: float = np.nan


class ComparisonTable(TextTable):
    """Table of the differences between classifiers.

    :func:`compare_predictions` makes a table. A table is immutable.

    Parameters
    ----------
    pairs : sequence of PairComparison
        Comparisons, one per pair of classifiers and score.
    confidence_level : float
        Confidence level of the intervals.
    n_samples : int
        Number of samples.
    n_patients : int, default=None
        Number of patients. None stands for one sample per patient.

    Attributes
    ----------
    confidence_level : float
        Parameter of the same name.

    See Also
    --------
    compare_predictions : Compare classifiers on the same samples.
    """

    def __init__(
        self,
        pairs: Sequence[PairComparison],
        confidence_level: float,
        *,
        n_samples: int,
        n_patients: int | None = None,
    ):
        self._pairs = tuple(pairs)
        self._confidence_level = confidence_level
        self._size = n_samples, n_patients

    @property
    def confidence_level(self) -> float:
        """Confidence level of the intervals."""
        return self._confidence_level

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[PairComparison]:
        return iter(self._pairs)

    def __getitem__(self, key: tuple[str, str, str]) -> PairComparison:
        """Return one comparison: ``table["cnn", "border", "auc_covid"]``."""
        for pair in self._pairs:
            if key == pair[:3]:
                return pair
        known = [pair[:3] for pair in self._pairs]
        raise KeyError(f"No comparison {key!r}. The comparisons are {known}.")

    def __repr__(self) -> str:
        return f"<ComparisonTable of {len(self)} pairs and scores>"

    def to_frame(self) -> Any:
        """Return the comparisons as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_comparisons, 8)
            One row per pair of classifiers and score.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="ComparisonTable.to_frame"
        )
        return pandas.DataFrame(self._list_cells(), columns=_NAMES)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the comparisons to a CSV file, completely or not at all.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        lines = [
            [*cells[:3], *map(csv_cell, cells[3:])] for cells in self._list_cells()
        ]
        write_csv(path, _NAMES, lines)

    def _list_cells(self) -> list[list[Any]]:
        return [
            [
                *pair[:3],
                *pair.comparison.difference,
                pair.comparison.p_value,
                pair.adjusted_p_value,
            ]
            for pair in self._pairs
        ]

    def _format_cells(self) -> tuple[list[str], list[list[str]]]:
        header = ["first", "second", "score", "difference", "p", "p (Holm)"]
        return header, [
            [*cells[:3], format_score(cells[3:6]), *map(format_p, cells[6:])]
            for cells in self._list_cells()
        ]

    def _format_footer(self) -> list[str]:
        level = f"{100 * self._confidence_level:g} %"
        n_samples, n_patients = self._size
        patients = "" if n_patients is None else f" of {n_patients} patients"
        return [
            f"Difference: first minus second, {level} confidence intervals.",
            "p: McNemar (accuracy) and DeLong (AUC), paired over "
            f"{n_samples} samples{patients}.",
        ]


def compare_predictions(
    predictions: Mapping[str, Predictions],
    *,
    classes: Any = None,
    confidence_level: float = 0.95,
) -> ComparisonTable:
    """Compare the scores of classifiers on the same samples.

    Read more in the :ref:`User Guide <compare_classifiers>`.

    Parameters
    ----------
    predictions : mapping of str to Predictions
        Predictions of two classifiers or more, by name. All have the same rows of X,
        in any order, and the same patients. The folds may differ.
    classes : label or array-like of labels, default=None
        Classes of the AUCs. None selects all classes, and only the last class of two.
        There are no AUCs if a classifier has no `y_score`.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    ComparisonTable
        Difference of the accuracy (:func:`mcnemar_test`), and of the AUC of each class
        (:func:`delong_test`) if all predictions have scores, for each pair. The
        p-values are adjusted for all comparisons by :func:`holm`. The tests are over
        patients if the predictions have `groups` or repeated rows.

    Raises
    ------
    TypeError
        If `predictions` is not a mapping to Predictions.
    ValueError
        If there are fewer than two classifiers, if two names are equal as text, if
        rows, labels, patients or classes differ, or if `classes` are passed and a
        classifier has no `y_score`.

    See Also
    --------
    corrected_resampled_t_test : Compare scores of folds, with the variation of
        training.

    Notes
    -----
    The tests compare two fixed sets of predictions. They include the sampling of
    patients, and not the variation of training.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from cxrclf.metrics import compare_predictions, cross_val_predictions
    >>> X, y = load_wine(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=1, random_state=0)
    >>> table = compare_predictions({
    ...     "bayes": cross_val_predictions(GaussianNB(), X, y, cv=3),
    ...     "tree": cross_val_predictions(tree, X, y, cv=3)})
    >>> [pair.score for pair in table]
    ['accuracy', 'auc_0', 'auc_1', 'auc_2']
    >>> table["bayes", "tree", "accuracy"].adjusted_p_value < 0.001
    True
    """
    check_level(confidence_level)
    aligned = _align(predictions)
    first = next(iter(aligned.values()))
    labels = choose_classes(classes, first.classes.tolist())
    without = [name for name, found in aligned.items() if found.y_score is None]
    if without and classes is not None:
        raise ValueError(
            f"classes need y_score, which the predictions of {without} lack. Predict "
            "with an estimator that has predict_proba, or pass classes=None."
        )
    if without:
        labels = []
    options: dict[str, Any] = {
        "groups": first.units,
        "confidence_level": confidence_level,
    }
    pairs = []
    for (a, one), (b, other) in combinations(aligned.items(), 2):
        compared = mcnemar_test(first.y_true, one.y_pred, other.y_pred, **options)
        pairs.append(PairComparison(a, b, "accuracy", compared))
        for label in labels:
            compared = delong_test(
                first.y_true == label,
                _scores_of(one, label),
                _scores_of(other, label),
                **options,
            )
            pairs.append(PairComparison(a, b, f"auc_{label}", compared))
    adjusted = holm([pair.comparison.p_value for pair in pairs])
    return ComparisonTable(
        [
            pair._replace(adjusted_p_value=float(p))
            for pair, p in zip(pairs, adjusted, strict=True)
        ],
        confidence_level,
        n_samples=len(first),
        n_patients=None if first.units is None else first.n_patients,
    )


def _align(predictions: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """Check predictions, and sort all by the rows of X."""
    if not isinstance(predictions, Mapping) or not all(
        isinstance(found, Predictions) for found in predictions.values()
    ):
        raise TypeError(
            "predictions must be a mapping of names to Predictions, got "
            f'{type(predictions).__name__}. Pass {{"name": predictions, ...}}.'
        )
    if len(predictions) < 2:
        raise ValueError(
            f"A comparison needs two classifiers or more, got {list(predictions)}."
        )
    aligned: dict[str, Predictions] = {}
    for name, found in predictions.items():
        if str(name) in aligned:
            raise ValueError(
                f"Two classifiers have the name {str(name)!r}. Rename one of them."
            )
        fold = np.zeros(len(found)) if found.fold is None else found.fold
        aligned[str(name)] = found.subset(np.lexsort([fold, found.rows]))
    (first_name, first), *others = aligned.items()
    for name, found in others:
        for what in ("rows", "y_true", "classes", "groups"):
            one, other = getattr(first, what), getattr(found, what)
            if not np.array_equal(one, other):
                raise ValueError(
                    f"The predictions of {first_name!r} and {name!r} differ in {what}. "
                    "Predict the same samples, with the same patients and label scheme."
                )
    return aligned


def _scores_of(found: Predictions, label: Any) -> np.ndarray:
    """Return the scores of one class."""
    scores = found.y_score
    if scores is None:
        raise ValueError("These predictions have no y_score.")
    return rank_scores(scores)[:, found.classes.tolist().index(label)]
