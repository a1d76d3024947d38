"""Predictions of samples, with their folds and patients."""

import copy
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import as_labels, mixes_str
from cxrclf._utils.optional import import_optional
from cxrclf._utils.rows import row_numbers
from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._fold_summary import FoldSummary, fold_summary
from cxrclf.metrics._prediction_file import read_predictions, write_predictions
from cxrclf.metrics._score_table import ScoreTable


class Predictions:
    """True and predicted labels of samples, with their folds and patients.

    :func:`cross_val_predictions` makes this object. All scores of a report can be
    computed from it. All parameters are stored as copies, which are read-only arrays.

    Read more in the :ref:`User Guide <metrics>`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    y_score : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities, or other scores that increase with the confidence in a class.
        There is one column per class, in sorted order of the classes. For two classes,
        it can also be the scores of the last class in sorted order.
    classes : array-like of shape (n_classes,), default=None
        All classes of the problem, in any order. By default, the labels in `y_true`
        and `y_pred`.
    fold : array-like of shape (n,) of int, default=None
        Number of the fold that predicted the sample, from 0. None stands for
        predictions of one estimator.
    rows : array-like of shape (n,) of int, default=None
        Row of X of each sample. By default 0, ..., n - 1. Repeated splits contain a row
        several times.
    groups : array-like of shape (n,), default=None
        Patient id of each sample. None stands for one sample per patient.

    Attributes
    ----------
    y_true, y_pred : ndarray of shape (n,)
        Parameters of the same names.
    y_score : ndarray of shape (n, n_classes) or None
        Parameter of the same name, with one column per class.
    classes : ndarray of shape (n_classes,)
        Classes in sorted order: the columns of `y_score`.
    fold : ndarray of shape (n,) of int, or None
        Parameter of the same name.
    rows : ndarray of shape (n,) of int
        Parameter of the same name.
    groups : ndarray of shape (n,), or None
        Parameter of the same name.

    Raises
    ------
    ValueError
        If lengths or types of labels differ, if there are no samples, if labels or ids
        are missing, if a label is not in `classes`, or if the shape of `y_score` does
        not fit.

    See Also
    --------
    cross_val_predictions : Predict each sample by a fold that was not trained on it.
    classification_table : Score labels without this object.

    Examples
    --------
    >>> from cxrclf.metrics import Predictions
    >>> predictions = Predictions(
    ...     ["covid", "covid", "normal", "normal"],
    ...     ["covid", "normal", "normal", "normal"],
    ...     [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]],
    ...     groups=["p1", "p1", "p2", "p3"],
    ... )
    >>> predictions
    <Predictions of 4 samples of 3 patients, 2 classes, with scores>
    >>> predictions.table(intervals=False)["covid", "auc"]
    1.0
    >>> len(predictions.subset(predictions.groups == "p1"))
    2
    """

    def __init__(
        self,
        y_true: Any,
        y_pred: Any,
        y_score: Any = None,
        *,
        classes: Any = None,
        fold: Any = None,
        rows: Any = None,
        groups: Any = None,
    ):
        y_true, y_pred = _as_labels(y_true, "y_true"), _as_labels(y_pred, "y_pred")
        check_consistent_length(y_true, y_pred)
        n = len(y_true)
        if n == 0:
            raise ValueError("There are no samples: y_true is empty.")
        self.classes = _check_classes(classes, y_true, y_pred)
        self.y_true, self.y_pred = y_true, y_pred
        self.y_score = None
        if y_score is not None:
            self.y_score = _check_scores(y_score, n, self.classes)
        self.fold = None if fold is None else _check_numbers(fold, "fold", n)
        self.rows = np.arange(n) if rows is None else _check_numbers(rows, "rows", n)
        self.groups = check_groups(groups, n)
        # Copies, so that later changes of the arrays of the user change nothing.
        self.__setstate__(copy.deepcopy(vars(self)))

    def __setstate__(self, state: dict[str, Any]) -> None:
        for array in state.values():
            if array is not None:
                array.setflags(write=False)
        vars(self).update(state)

    def __len__(self) -> int:
        return len(self.y_true)

    def __repr__(self) -> str:
        patients = "" if self.groups is None else f" of {self.n_patients} patients"
        folds = "" if self.fold is None else f" in {len(np.unique(self.fold)):d} folds"
        scores = "without" if self.y_score is None else "with"
        return (
            f"<Predictions of {len(self)} samples{patients}{folds}, "
            f"{len(self.classes)} classes, {scores} scores>"
        )

    @property
    def units(self) -> np.ndarray | None:
        """Patient of each sample, or None if samples are independent.

        Without `groups`, these are the rows if a row occurs several times.
        """
        if self.groups is not None:
            return self.groups
        return self.rows if len(np.unique(self.rows)) < len(self) else None

    @property
    def n_patients(self) -> int:
        """Number of patients, or of rows if there are no `groups`."""
        return len(np.unique(self.rows if self.groups is None else self.groups))

    def table(
        self, *, intervals: bool = True, confidence_level: float = 0.95
    ) -> ScoreTable:
        """Score all samples together.

        Parameters
        ----------
        intervals : bool, default=True
            Whether to compute confidence intervals. Their independent units are the
            patients. Without `groups`, these are the rows.
        confidence_level : float, default=0.95
            Confidence level of the intervals, in (0, 1).

        Returns
        -------
        ScoreTable
            Scores as returned by :func:`classification_table`.
        """
        return classification_table(
            self.y_true,
            self.y_pred,
            self.y_score,
            labels=self.classes,
            intervals=intervals,
            groups=self.units,
            confidence_level=confidence_level,
        )

    def fold_tables(self) -> list[ScoreTable]:
        """Score each fold.

        Returns
        -------
        list of ScoreTable
            One table per fold, in the order of the folds, without intervals. All
            tables have the same rows.

        Raises
        ------
        ValueError
            If the predictions have no folds.
        """
        if self.fold is None:
            raise ValueError(
                "These predictions have no folds. Pass fold=..., or use table()."
            )
        return [
            self.subset(self.fold == number).table(intervals=False)
            for number in np.unique(self.fold)
        ]

    def fold_summary(self, *, confidence_level: float = 0.95) -> FoldSummary:
        """Summarize the scores over folds, and score all samples together.

        Parameters
        ----------
        confidence_level : float, default=0.95
            Confidence level of the intervals of the pooled scores, in (0, 1).

        Returns
        -------
        FoldSummary
            Summary as returned by :func:`fold_summary`, with pooled scores and their
            intervals.

        Raises
        ------
        ValueError
            If the predictions have no folds.
        """
        return fold_summary(self.fold_tables(), self, confidence_level=confidence_level)

    def subset(self, mask: Any) -> "Predictions":
        """Select samples.

        Parameters
        ----------
        mask : array-like of shape (n,) of bool, or of shape (m,) of int
            Mask or positions of the samples.

        Returns
        -------
        Predictions
            Selected samples, with the same classes.

        Raises
        ------
        IndexError
            If a position does not exist.
        ValueError
            If no sample is selected.
        """
        chosen = row_numbers(mask, len(self))
        return Predictions(
            self.y_true[chosen],
            self.y_pred[chosen],
            None if self.y_score is None else self.y_score[chosen],
            classes=self.classes,
            fold=None if self.fold is None else self.fold[chosen],
            rows=self.rows[chosen],
            groups=None if self.groups is None else self.groups[chosen],
        )

    def to_frame(self) -> Any:
        """Return the predictions as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n, n_columns)
            One row per sample, with the columns ``row``, ``fold`` and ``group`` (only
            if there are any), ``y_true``, ``y_pred`` and ``score_<class>``.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="Predictions.to_frame"
        )
        columns: dict[str, Any] = {"row": self.rows}
        if self.fold is not None:
            columns["fold"] = self.fold
        if self.groups is not None:
            columns["group"] = self.groups
        columns |= {"y_true": self.y_true, "y_pred": self.y_pred}
        if self.y_score is not None:
            for label, score in zip(self.classes, self.y_score.T, strict=True):
                columns[f"score_{label}"] = score
        return pandas.DataFrame(columns)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the predictions to a CSV file, which :meth:`from_csv` reads.

        The file is written completely or not at all. It has the columns of
        :meth:`to_frame`. Scores are written in full precision. Text is in quotation
        marks, so that the label "1" and the number 1 remain different. Without scores,
        the columns of the scores are nan.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        write_predictions(path, self)

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read predictions from a CSV file.

        Parameters
        ----------
        path : path-like
            File of :meth:`to_csv`, or another file with these columns. Only ``y_true``
            and ``y_pred`` are necessary. In a column without quotation marks, labels
            and ids are numbers if all of them are.

        Returns
        -------
        Predictions
            The same predictions. Labels of bool become the numbers 0 and 1.

        Raises
        ------
        ValueError
            If columns are missing, or if a value is not of the type of its column.
        OSError
            If the file cannot be read.
        """
        return cls(**read_predictions(path))


def choose_classes(classes: Any, known: list) -> list:
    """Return some classes: all of `known` for None, but only the last one of two.

    Raises
    ------
    ValueError
        If a class is not in `known`, or if there is no class.
    """
    if classes is None:
        return known[-1:] if len(known) == 2 else known
    chosen = np.asarray(classes).ravel().tolist()
    if not chosen or _not_in(chosen, known):
        raise ValueError(
            f"classes must be some of {known}, got {chosen}. Pass None for all."
        )
    return chosen


def _as_labels(values: Any, name: str) -> np.ndarray:
    """Return labels, with text as text of NumPy."""
    labels = as_labels(values, name)
    check_classification_targets(labels)
    return labels.astype(str) if labels.dtype.kind == "O" else labels


def _check_classes(classes: Any, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return all classes in sorted order."""
    mixed = mixes_str([y_true.tolist()[0], y_pred.tolist()[0]])
    if mixed:
        raise ValueError(
            f"y_true and y_pred must be all str or all numbers, and have {mixed[0]!r} "
            f"and {mixed[1]!r}. Convert the numbers to labels: classes[numbers]."
        )
    present = unique_labels(y_true, y_pred)
    if classes is None:
        return present
    known = _as_labels(classes, "classes")
    if len(np.unique(known)) != len(known):
        raise ValueError(f"classes must be different, got {known.tolist()}.")
    unknown = _not_in(present.tolist(), known.tolist())
    if unknown:
        raise ValueError(
            f"y_true or y_pred holds {unknown}, which classes lacks: "
            f"{known.tolist()}. Add them to classes."
        )
    return np.sort(known)


def _not_in(labels: Iterable[Any], known: list) -> list:
    return [label for label in labels if label not in known]


def _check_scores(y_score: Any, n: int, classes: np.ndarray) -> np.ndarray:
    """Return scores as an array of shape (n, n_classes)."""
    score = check_array(y_score, dtype=float, ensure_2d=False, input_name="y_score")
    if score.ndim == 1 and len(classes) == 2:
        is_probability = score.min() >= 0 and score.max() <= 1
        score = np.column_stack([1 - score if is_probability else -score, score])
    if score.shape != (n, len(classes)):
        raise ValueError(
            f"y_score must have shape (n_samples, n_classes) = {(n, len(classes))}, "
            f"got {score.shape}: one column for each of {classes.tolist()}, in sorted "
            "order. If some classes do not occur in y_true or y_pred, pass all classes."
        )
    return score


def _check_numbers(values: Any, name: str, n: int) -> np.ndarray:
    """Return whole numbers from 0 as an array of shape (n,)."""
    numbers = np.asarray(values)
    if numbers.shape != (n,):
        raise ValueError(
            f"{name} must have one number per sample, shape {(n,)}, got shape "
            f"{numbers.shape}."
        )
    if numbers.dtype.kind not in "iu" or numbers.min() < 0:
        raise ValueError(f"{name} must be whole numbers from 0, got {values!r:.60}.")
    return numbers.astype(np.int64)
