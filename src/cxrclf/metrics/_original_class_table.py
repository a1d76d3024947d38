"""Table of the predictions for each original class in a label scheme."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from cxrclf._utils.label_maps import complete_label_map
from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import as_labels
from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import csv_cell, position, write_csv
from cxrclf.metrics._text_table import TextTable


class OriginalClassTable(TextTable):
    """Number of samples per original class and predicted class of a label scheme.

    :func:`original_class_table` makes a table. A table is immutable.

    Parameters
    ----------
    label_map : mapping
        Mapping from original classes to classes of the scheme. Each original class
        becomes a row.
    counts : array-like of shape (n_original_classes, n_classes) of int
        Number of samples of each original class (row) that are predicted as each class
        of the scheme (column, in sorted order).

    Attributes
    ----------
    rows : tuple of str
        Names of the original classes.
    columns : tuple of str
        Names of the columns:

        - ``"class"``: class of the scheme that the original class belongs to;
        - ``"as <class>"`` for each class of the scheme: number of samples that are
          predicted as this class;
        - ``"sensitivity"``: fraction of samples that are predicted as the class that
          they belong to, nan if there are no samples;
        - ``"support"``: number of samples.

    See Also
    --------
    ScoreTable : Scores of the classes of the scheme.

    Examples
    --------
    >>> from cxrclf.metrics import OriginalClassTable
    >>> table = OriginalClassTable(
    ...     {"covid": "covid", "normal": "other"}, [[8, 2], [0, 10]])
    >>> table["covid", "as other"], table["covid", "sensitivity"]
    (2, 0.8)
    """

    def __init__(self, label_map: Mapping[Any, Any], counts: Any):
        classes = sorted(set(label_map.values()))
        counts = np.asarray(counts)
        if counts.shape != (len(label_map), len(classes)):
            raise ValueError(
                f"Expected counts of shape {(len(label_map), len(classes))} (original "
                f"classes, classes of the scheme), got {counts.shape}."
            )
        self._rows = tuple(str(label) for label in label_map)
        self._columns = (
            "class",
            *(f"as {label}" for label in classes),
            "sensitivity",
            "support",
        )
        self._lines = []
        for of, given in zip(label_map.values(), counts.tolist(), strict=True):
            support = sum(given)
            right = given[classes.index(of)]
            sensitivity = right / support if support else np.nan
            self._lines.append([str(of), *given, sensitivity, support])

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the original classes."""
        return self._rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: class, counts, sensitivity and support."""
        return self._columns

    def __getitem__(self, key: tuple[Any, str]) -> Any:
        """Return one cell: ``table["tuberculosis", "as covid"]``."""
        i, j = position(self._rows, self._columns, key)
        return self._lines[i][j]

    def __repr__(self) -> str:
        n_classes = len(self._columns) - 3
        return (
            f"<OriginalClassTable of {len(self._rows)} original classes in a scheme "
            f"of {n_classes}>"
        )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the table as nested dictionaries.

        Returns
        -------
        dict
            ``{row: {column: value}}``.
        """
        return {
            row: dict(zip(self._columns, line, strict=True))
            for row, line in zip(self._rows, self._lines, strict=True)
        }

    def to_frame(self) -> Any:
        """Return the table as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_original_classes, n_columns)
            One row per original class.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="OriginalClassTable.to_frame"
        )
        return pandas.DataFrame(
            self._lines, index=list(self._rows), columns=list(self._columns)
        )

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a CSV file.

        The file is written completely or not at all. Sensitivities are written in full
        precision. Undefined sensitivities are empty cells.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        lines = [
            [row, of, *map(csv_cell, numbers)]
            for row, (of, *numbers) in zip(self._rows, self._lines, strict=True)
        ]
        write_csv(path, ["original class", *self._columns], lines)

    def _format_cells(self) -> tuple[list[str], Sequence[list[str]]]:
        """Return the header and the lines of the table as text."""
        lines = [
            [row, of, *map(str, given), f"{sensitivity:.3f}", str(support)]
            for row, (of, *given, sensitivity, support) in zip(
                self._rows, self._lines, strict=True
            )
        ]
        return ["", *self._columns], lines


def original_class_table(
    y_true: Any, y_pred: Any, label_map: Mapping[Any, Any], *, rest: Any = None
) -> OriginalClassTable:
    """Count the predictions of a label scheme for each original class.

    The sensitivity of a merged class does not show which of its original classes are
    missed. This table does. For instance, it shows how many radiographs with
    tuberculosis are predicted as COVID-19 by a classifier of COVID-19 against the rest.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True original classes.
    y_pred : array-like of shape (n_samples,)
        Predicted classes of the scheme, for instance from a
        :class:`cxrclf.LabelMapClassifier`. Convert predicted original classes with
        :func:`map_labels` first.
    label_map : mapping
        Mapping from original classes to classes of the scheme.
    rest : str or number, optional
        Class of all labels that `label_map` does not list.

    Returns
    -------
    OriginalClassTable
        Table with one row for each original class that is in `y_true` or that
        `label_map` lists, sorted.

    Raises
    ------
    ValueError
        If the lengths differ, if there are no samples, if labels are missing, if
        `y_pred` has labels that are not classes of the scheme, or if :func:`map_labels`
        raises it.

    See Also
    --------
    classification_table : Score the classes of the scheme, with
        ``map_labels(y_true, label_map)`` as true labels.
    scorers : Compute the sensitivities in `cross_validate`, as
        `original_sensitivity_<label>`.

    Examples
    --------
    >>> from cxrclf.metrics import original_class_table
    >>> y_true = ["covid", "covid", "normal", "tuberculosis", "tuberculosis"]
    >>> y_pred = ["covid", "other", "other", "covid", "other"]
    >>> print(original_class_table(y_true, y_pred, {"covid": "covid"}, rest="other"))
                  class  as covid  as other  sensitivity  support
    covid         covid         1         1        0.500        2
    normal        other         0         1        1.000        1
    tuberculosis  other         1         1        0.500        2
    """
    true = as_labels(y_true, "y_true").tolist()
    predicted = as_labels(y_pred, "y_pred").tolist()
    check_consistent_length(true, predicted)
    if not true:
        raise ValueError("There are no samples to count: y_true is empty.")
    scheme = complete_label_map(true, label_map, rest)
    warn_of_labels(scheme, label_map, rest)
    classes = sorted(set(scheme.values()))
    foreign = sorted(set(predicted) - set(classes), key=repr)
    if foreign:
        raise ValueError(
            f"y_pred holds {foreign}, which are no classes of the scheme: {classes}. "
            "Convert predicted original classes with map_labels(y_pred, label_map, "
            "rest=...)."
        )
    pairs = Counter(zip(true, predicted, strict=True))
    counts = [[pairs[label, of] for of in classes] for label in scheme]
    return OriginalClassTable(scheme, counts)
