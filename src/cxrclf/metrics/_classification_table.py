"""Scores per class from labels, from a confusion matrix or from published counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

from cxrclf._utils.checks import check_level
from cxrclf._utils.groups import index_patients
from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import as_labels, mixes_str
from cxrclf.metrics._rank_scores import rank_scores
from cxrclf.metrics._score_table import ScoreTable
from cxrclf.metrics._table_intervals import TableIntervals, table_intervals

_RATES = ("accuracy", "precision", "sensitivity", "specificity", "f1")


def classification_table(
    y_true: Any,
    y_pred: Any,
    y_score: Any = None,
    *,
    labels: Any = None,
    intervals: bool = False,
    groups: Any = None,
    confidence_level: float = 0.95,
) -> ScoreTable:
    """Score each class against the rest.

    TP, FN, FP and TN are counted for each class against all other classes. The scores
    are:

    - accuracy (TP + TN) / n
    - precision TP / (TP + FP)
    - sensitivity (recall) TP / (TP + FN)
    - specificity TN / (TN + FP)
    - F1 2 TP / (2 TP + FP + FN)
    - area under the ROC curve, if `y_score` is given
    - support TP + FN

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_score : array-like of shape (n_samples, n_classes) or (n_samples,), optional
        Output of `predict_proba`: probabilities, or other scores that increase with
        the confidence in a class. There is one column per class, always **in sorted
        order of the classes**, also if `labels` has another order. For two classes, it
        can also be the scores of the last class in sorted order.
    labels : array-like of shape (n_classes,), optional
        Classes in the order of the rows. They must include all labels in `y_true` and
        `y_pred`. By default, the sorted labels in `y_true` and `y_pred`.
    intervals : bool, default=False
        Whether to compute a confidence interval of each score.
    groups : array-like of shape (n_samples,), default=None
        Patient id of each sample, for the intervals. None stands for one sample per
        patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    ScoreTable
        Table with one row per class (two rows for a binary problem) and the macro
        average. The columns are `accuracy`, `precision`, `sensitivity`, `specificity`,
        `f1`, `auc` (only with `y_score`) and `support`. The overall scores are
        `accuracy` and `balanced_accuracy`.

    Raises
    ------
    ValueError
        If the lengths differ, if there are no samples, if labels are missing or are
        text in one array and numbers in the other, if `labels` does not include a
        label of the data or repeats a label, if the shape of `y_score` does not fit, or
        if `groups` or `confidence_level` is invalid.

    See Also
    --------
    table_from_confusion : Compute the table from a confusion matrix.
    table_from_counts : Compute the table from published counts.
    scorers : Compute the same scores in `cross_validate` and `GridSearchCV`.

    Notes
    -----
    An undefined score is nan, without a warning. Sensitivity and AUC are undefined for
    a class without samples. Precision is undefined for a class that is never predicted.
    Specificity and AUC are undefined for a class that all samples belong to.
    scikit-learn returns 0 in most of these cases, which looks like a bad score.

    The macro average is the unweighted mean over the classes in `y_true`. It is nan if
    the score of one of these classes is nan. Without this rule, a classifier would gain
    by never predicting a class. The macro average of the sensitivity is the balanced
    accuracy.

    Images of one patient resemble each other, so intervals without `groups` are too
    narrow if patients have several images. The intervals are:

    - of accuracy, precision, sensitivity and specificity: :func:`proportion_interval`;
    - of AUC: :func:`roc_auc_interval`;
    - of F1: of the samples that belong to the class or are predicted as the class, the
      share J that are both has an interval of :func:`proportion_interval`, and F1 is
      2 J / (1 + J) [1]_;
    - of a macro average and of the balanced accuracy: the bounds of the classes and the
      correlation of their scores are combined [2]_. A negative correlation of few
      patients is shrunk toward 0. The bounds are nan if bounds of a class are nan.

    :ref:`table_intervals` has the measured coverage.

    References
    ----------
    .. [1] K. F. Y. Lam, V. Gopal and J. Qian, "Confidence intervals for the F1 score: a
       comparison of four methods", arXiv:2309.14621, 2023 (Wilson indirect method).
    .. [2] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27, 2008.

    Examples
    --------
    >>> from cxrclf.metrics import classification_table
    >>> y_true = ["covid", "covid", "normal", "normal", "pneumonia"]
    >>> y_pred = ["covid", "normal", "normal", "normal", "normal"]
    >>> print(classification_table(y_true, y_pred))
                   accuracy  precision  sensitivity  specificity     f1  support
    covid             0.800      1.000        0.500        1.000  0.667        2
    normal            0.600      0.500        1.000        0.333  0.667        2
    pneumonia         0.800        nan        0.000        1.000  0.000        1
    macro average     0.733        nan        0.500        0.778  0.444        5
    overall accuracy 0.600, balanced accuracy 0.500

    >>> table = classification_table(y_true, y_pred, intervals=True)
    >>> print(f"{table.interval('covid', 'sensitivity'):.2f}")
    0.50 [0.09, 0.91]
    """
    y_true = as_labels(y_true, "y_true")
    y_pred = as_labels(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred)
    if len(y_true) == 0:
        raise ValueError("There are no samples to score: y_true is empty.")
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if type_of_target(y, input_name=name) not in ("binary", "multiclass"):
            raise ValueError(
                f"{name} must hold class labels, got {type_of_target(y)} values. "
                "Pass probabilities as y_score."
            )
    _check_types(y_true, y_pred)
    classes = _check_classes(labels, present=unique_labels(y_true, y_pred))
    warn_of_labels(classes)
    scores = None if y_score is None else _check_scores(y_true, y_score, classes)
    matrix = confusion_matrix(y_true, y_pred, labels=classes)
    is_true = y_true[:, None] == np.array(classes)
    auc = None
    if scores is not None:
        auc = np.array([_auc(*of) for of in zip(is_true.T, scores.T, strict=True)])
    bounds = None
    if intervals:
        check_level(confidence_level)
        patients = index_patients(groups, len(y_true))
        is_pred = y_pred[:, None] == np.array(classes)
        bounds = table_intervals(is_true, is_pred, scores, patients, confidence_level)
    return _make_from_matrix(classes, matrix, auc, bounds)


def table_from_confusion(matrix: Any, labels: Sequence[Any]) -> ScoreTable:
    """Score each class against the rest, from a confusion matrix.

    Parameters
    ----------
    matrix : array-like of shape (n_classes, n_classes)
        Numbers of samples (int), with true classes in rows and predicted classes in
        columns.
    labels : sequence of length n_classes
        Classes in the order of the rows.

    Returns
    -------
    ScoreTable
        Table as returned by :func:`classification_table` without `y_score`.

    Raises
    ------
    ValueError
        If the matrix is not square, if it holds values that are not counts, if all
        counts are 0, or if the number of labels does not fit.

    Examples
    --------
    >>> from cxrclf.metrics import table_from_confusion
    >>> table = table_from_confusion([[26, 5], [68, 11203]], ["covid", "other"])
    >>> round(table["covid", "precision"], 4)
    0.2766
    """
    counts = _check_counts(matrix, "matrix")
    if counts.ndim != 2 or counts.shape != (len(labels), len(labels)):
        raise ValueError(
            f"A confusion matrix of {len(labels)} classes has shape "
            f"{(len(labels), len(labels))}, got {counts.shape}. Pass one label per row."
        )
    return _make_from_matrix(labels, counts)


def table_from_counts(
    labels: Sequence[Any], *, correct: Any, missed: Any, wrong: Any
) -> ScoreTable:
    """Score each class against the rest, from counts as published in papers.

    Parameters
    ----------
    labels : sequence of length n_classes
        All classes of the problem.
    correct : array-like of shape (n_classes,)
        Number of samples of each class that were predicted as this class (true
        positives).
    missed : array-like of shape (n_classes,)
        Number of samples of each class that were predicted as another class (false
        negatives).
    wrong : array-like of shape (n_classes,)
        Number of samples of other classes that were predicted as this class (false
        positives).

    Returns
    -------
    ScoreTable
        Table as returned by :func:`classification_table` without `y_score`.

    Raises
    ------
    ValueError
        If the lengths differ, if the values are not counts, or if the sums of `missed`
        and `wrong` differ. Each missed sample of one class is a wrong sample of another
        class, so both sums must be equal.

    Notes
    -----
    The counts do not contain which classes were confused with each other. The scores
    of one class against the rest do not depend on it.

    References
    ----------
    .. [1] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked
       19, 100360, 2020.

    Examples
    --------
    Fold 1, concatenated network, of Rahimzadeh and Attar [1]_:

    >>> from cxrclf.metrics import table_from_counts
    >>> table = table_from_counts(
    ...     ["covid", "pneumonia", "normal"],
    ...     correct=[26, 3745, 6526], missed=[5, 675, 325], wrong=[68, 309, 628])
    >>> print(table)
                   accuracy  precision  sensitivity  specificity     f1  support
    covid             0.994      0.277        0.839        0.994  0.416       31
    pneumonia         0.913      0.924        0.847        0.955  0.884     4420
    normal            0.916      0.912        0.953        0.859  0.932     6851
    macro average     0.941      0.704        0.880        0.936  0.744    11302
    overall accuracy 0.911, balanced accuracy 0.880
    """
    tp, fn, fp = (
        _check_counts(values, name)
        for name, values in (("correct", correct), ("missed", missed), ("wrong", wrong))
    )
    if not tp.shape == fn.shape == fp.shape == (len(labels),):
        raise ValueError(
            f"correct, missed and wrong must hold one count for each of the "
            f"{len(labels)} labels, got shapes {tp.shape}, {fn.shape} and {fp.shape}."
        )
    if fn.sum() != fp.sum():
        raise ValueError(
            f"{fn.sum()} samples are missed but {fp.sum()} are wrong. Each missed "
            "sample must be a wrong sample of another class. Check the counts, and "
            "pass the counts of all classes."
        )
    return _make_from_counts(labels, tp, fn, fp)


def _make_from_matrix(
    classes: Sequence[Any],
    matrix: np.ndarray,
    auc: np.ndarray | None = None,
    intervals: TableIntervals | None = None,
) -> ScoreTable:
    """Make the table from a confusion matrix."""
    tp = np.diag(matrix)
    return _make_from_counts(
        classes, tp, matrix.sum(axis=1) - tp, matrix.sum(axis=0) - tp, auc, intervals
    )


def _make_from_counts(
    classes: Sequence[Any],
    tp: np.ndarray,
    fn: np.ndarray,
    fp: np.ndarray,
    auc: np.ndarray | None = None,
    intervals: TableIntervals | None = None,
) -> ScoreTable:
    """Make the table from counts. All public functions of this module end here."""
    support = tp + fn
    n = support.sum()
    if n == 0:
        raise ValueError("There are no samples to score: all counts are 0.")
    counts = zip(tp, fn, fp, n - tp - fn - fp, strict=True)
    columns = dict(zip(_RATES, np.transpose([_rates(*c) for c in counts]), strict=True))
    if auc is not None:
        columns["auc"] = auc
    per_class = np.column_stack(list(columns.values()))
    macro = per_class[support > 0].mean(axis=0)
    overall = {
        "accuracy": tp.sum() / n,
        "balanced_accuracy": macro[_RATES.index("sensitivity")],
    }
    values = np.column_stack([np.vstack([per_class, macro]), np.append(support, n)])
    names = (*columns, "support")
    return ScoreTable(classes, names, values, overall, intervals=intervals)


def _rates(tp: int, fn: int, fp: int, tn: int) -> tuple[float, ...]:
    """Return the scores `_RATES` of one class."""
    # The four counts become the weights of four samples. The scores of labels and of
    # published counts then both follow the definitions of scikit-learn.
    weighted = {
        "y_true": [1, 1, 0, 0],
        "y_pred": [1, 0, 1, 0],
        "sample_weight": [tp, fn, fp, tn],
    }
    precision, recall, f1, _ = precision_recall_fscore_support(
        **weighted, labels=[1, 0], zero_division=np.nan
    )
    # The specificity of a class is the recall of the rest.
    return accuracy_score(**weighted), precision[0], recall[0], recall[1], f1[0]


def _check_scores(y_true: np.ndarray, y_score: Any, classes: list) -> np.ndarray:
    """Return scores with one column per class, in the order of `classes`."""
    y_score = check_array(
        y_score, dtype="numeric", ensure_2d=False, input_name="y_score"
    )
    check_consistent_length(y_true, y_score)
    if y_score.ndim == 1 and len(classes) == 2:
        y_score = np.column_stack([-y_score, y_score])
    if y_score.shape != (len(y_true), len(classes)):
        alternative = ", or (n_samples,)" if len(classes) == 2 else ""
        raise ValueError(
            f"y_score must have shape (n_samples, n_classes) = "
            f"{(len(y_true), len(classes))}{alternative}, got {y_score.shape}: one "
            f"column for each of {classes}, in sorted order. If some classes do not "
            "occur in y_true or y_pred, pass all classes as labels."
        )
    column = {label: j for j, label in enumerate(sorted(classes))}
    return rank_scores(y_score)[:, [column[label] for label in classes]]


def _auc(is_class: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve, or nan if there is only one class."""
    if is_class.all() or not is_class.any():
        return np.nan
    return roc_auc_score(is_class, score)


def _check_classes(labels: Any, present: np.ndarray) -> list:
    """Check `labels` against the labels of the data and return them as a list."""
    if labels is None:
        return present.tolist()
    classes = column_or_1d(labels).tolist()
    if len(set(classes)) != len(classes):
        raise ValueError(f"labels must be different from each other, got {classes}.")
    unknown = [label for label in present.tolist() if label not in classes]
    if unknown:
        raise ValueError(
            f"y_true or y_pred holds {unknown}, which labels lacks: {classes}. Add "
            "them to labels."
        )
    return classes


def _check_types(y_true: np.ndarray, y_pred: np.ndarray) -> None:
    """Check that labels are str in both arrays or in none of them."""
    mixed = mixes_str([y_true.tolist()[0], y_pred.tolist()[0]])
    if mixed:
        raise ValueError(
            f"y_true and y_pred must be all str or all numbers, and have {mixed[0]!r} "
            f"and {mixed[1]!r}. Convert the numbers to labels: classes[numbers]."
        )


def _check_counts(values: Any, name: str) -> np.ndarray:
    """Check that values are counts and return them as an array."""
    counts = np.asarray(values)
    if counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError(
            f"{name} must hold counts of samples, whole numbers from 0; got {values!r}."
        )
    return counts.astype(np.int64)
