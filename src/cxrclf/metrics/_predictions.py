"""Predictions of samples, with their folds and patients."""

import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from cxrclf._utils.groups import check_groups
from cxrclf._utils.rows import row_numbers
from cxrclf.metrics._classification_table import classification_table
from cxrclf.metrics._fold_summary import FoldSummary, fold_summary
from cxrclf.metrics._make_subgroup_table import make_subgroup_table
from cxrclf.metrics._prediction_arrays import (
    as_label_array,
    check_class_scores,
    check_classes,
    check_whole_numbers,
)
from cxrclf.metrics._prediction_file import (
    predictions_frame,
    read_predictions,
    write_predictions,
)
from cxrclf.metrics._score_table import ScoreTable
from cxrclf.metrics._subgroup_columns import select_rows
from cxrclf.metrics._subgroup_table import SubgroupTable


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
    >>> is_covid, score = predictions.one_vs_rest("covid")
    >>> is_covid.tolist(), score.tolist()
    ([True, True, False, False], [0.9, 0.4, 0.2, 0.3])
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
        y_true, y_pred = (
            as_label_array(y_true, "y_true"),
            as_label_array(y_pred, "y_pred"),
        )
        check_consistent_length(y_true, y_pred)
        n = len(y_true)
        if n == 0:
            raise ValueError("There are no samples: y_true is empty.")
        self.classes = check_classes(classes, y_true, y_pred)
        self.y_true, self.y_pred = y_true, y_pred
        self.y_score = None
        if y_score is not None:
            self.y_score = check_class_scores(y_score, n, self.classes)
        self.fold = None if fold is None else check_whole_numbers(fold, "fold", n)
        self.rows = (
            np.arange(n) if rows is None else check_whole_numbers(rows, "rows", n)
        )
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
        """Patient of each sample: the `groups` of intervals and tests.

        Without `groups`, these are the rows if a row occurs several times, and None if
        samples are independent.
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

    def subgroup_table(
        self,
        *,
        by: Any,
        scores: str | Iterable[str] | None = None,
        bands: Mapping[str, Sequence[float]] | None = None,
        min_patients: int = 10,
        confidence_level: float = 0.95,
    ) -> SubgroupTable:
        """Score subgroups of patients, and the gaps between them.

        Sample i has the values of row ``rows[i]`` of the columns.

        Parameters
        ----------
        by : mapping of str to array-like of shape (n_rows,), or data frame
            Columns of subgroups, such as sex, age, view, scanner and source, with one
            value per row of X, in the order of X. Missing values are the subgroup
            "unknown".
        scores : str or iterable of str, default=None
            Names of the scores, as in :func:`subgroup_table`.
        bands : mapping of str to sequence of float, default=None
            Edges of the bands of numbers, as in :func:`subgroup_table`.
        min_patients : int, default=10
            Smallest number of patients for a gap, as in :func:`subgroup_table`.
        confidence_level : float, default=0.95
            Confidence level of the intervals, in (0, 1).

        Returns
        -------
        SubgroupTable
            Table as returned by :func:`subgroup_table`, over `units`.

        Warns
        -----
        SmallSubgroupWarning
            If subgroups have too few patients.

        Raises
        ------
        TypeError, ValueError
            If a column of `by` has no value for one of the `rows`, if its rows were
            already selected by ``rows`` (found by the index of a data frame), or if
            another parameter is invalid, see :func:`subgroup_table`.

        Examples
        --------
        >>> from cxrclf.metrics import Predictions
        >>> sex = ["F", "M", "M", "F"]
        >>> predictions = Predictions([0, 1, 0, 1], [0, 1, 0, 0], rows=[1, 2, 0, 3])
        >>> table = predictions.subgroup_table(
        ...     by={"sex": sex}, scores="accuracy", min_patients=1)
        >>> table.interval("sex", "F", "accuracy").value
        0.5
        """
        return make_subgroup_table(
            self,
            select_rows(by, self.rows),
            scores=scores,
            bands=bands,
            min_patients=min_patients,
            confidence_level=confidence_level,
        )

    def one_vs_rest(self, label: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels and scores of one class against the rest.

        They are the first parameters of :func:`roc_auc_interval`,
        :func:`decision_curve`, :func:`choose_threshold`, :func:`fold_thresholds` and
        :meth:`ReliabilityDisplay.from_predictions`. `groups` are `units`.

        Parameters
        ----------
        label : label
            One of `classes`.

        Returns
        -------
        y_true : ndarray of shape (n,) of bool
            Whether each sample belongs to the class.
        y_score : ndarray of shape (n,) of float
            Column of `y_score` for the class.

        Raises
        ------
        ValueError
            If the class does not exist, or if the predictions have no `y_score`.
        """
        classes = self.classes.tolist()
        if label not in classes:
            raise ValueError(f"label must be one of {classes}, got {label!r}.")
        if self.y_score is None:
            raise ValueError(
                "These predictions have no y_score. Use an estimator with "
                "predict_proba, or pass y_score to Predictions."
            )
        return self.y_true == label, self.y_score[:, classes.index(label)]

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
        return predictions_frame(self)

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
