"""Data frames and CSV files of predictions. Files keep text and numbers apart."""

import csv
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from cxrclf._utils.files import replace_file
from cxrclf._utils.optional import import_optional

if TYPE_CHECKING:
    from cxrclf.metrics._predictions import Predictions

_SCORE = "score_"


def predictions_frame(predictions: "Predictions") -> Any:
    """Return predictions as a data frame of pandas."""
    pandas = import_optional("pandas", extra="pandas", purpose="Predictions.to_frame")
    columns: dict[str, Any] = {"row": predictions.rows}
    if predictions.fold is not None:
        columns["fold"] = predictions.fold
    if predictions.groups is not None:
        columns["group"] = predictions.groups
    columns |= {"y_true": predictions.y_true, "y_pred": predictions.y_pred}
    if predictions.y_score is not None:
        for label, score in zip(
            predictions.classes, predictions.y_score.T, strict=True
        ):
            columns[f"score_{label}"] = score
    return pandas.DataFrame(columns)


def write_predictions(path: str | os.PathLike[str], predictions: "Predictions") -> None:
    """Write predictions to a CSV file, completely or not at all.

    Text is in quotation marks and numbers are not. Floats are written in full
    precision.
    """
    columns: dict[str, list] = {"row": predictions.rows.tolist()}
    if predictions.fold is not None:
        columns["fold"] = predictions.fold.tolist()
    if predictions.groups is not None:
        columns["group"] = _to_cells(predictions.groups)
    columns["y_true"] = _to_cells(predictions.y_true)
    columns["y_pred"] = _to_cells(predictions.y_pred)
    classes = predictions.classes.tolist()
    scores = predictions.y_score
    if scores is None:
        scores = np.full((len(predictions), len(classes)), np.nan)
    for label, score in zip(_to_cells(predictions.classes), scores.T, strict=True):
        columns[f"{_SCORE}{label}"] = score.tolist()
    with (
        replace_file(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def read_predictions(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the columns of a CSV file as the parameters of `Predictions`."""
    header, lines, quoted = _read_cells(path)
    missing = [name for name in ("y_true", "y_pred") if name not in header]
    if missing or not lines:
        what = f"has no columns {missing}" if missing else "has no samples"
        raise ValueError(
            f"{path} {what}. Pass a file that Predictions.to_csv has written; its "
            f"columns are {header}."
        )
    cells = dict(zip(header, zip(*lines, strict=True), strict=True))
    is_text = dict(zip(header, quoted, strict=True))
    found: dict[str, Any] = {
        name: _parse_labels(cells[name], is_text[name]) for name in ("y_true", "y_pred")
    }
    if "group" in cells:
        found["groups"] = _parse_labels(cells["group"], is_text["group"])
    for column, name in (("row", "rows"), ("fold", "fold")):
        if column in cells:
            found[name] = _parse(cells[column], int, column, path)
    scored = [name for name in header if name.startswith(_SCORE)]
    if scored:
        names = [name.removeprefix(_SCORE) for name in scored]
        kind = found["y_true"].dtype.kind
        classes = np.array(names) if kind == "U" else _parse_labels(names, False)
        scores = np.column_stack(
            [_parse(cells[name], float, name, path) for name in scored]
        )
        order = np.argsort(classes)
        found["classes"] = classes[order]
        if not np.isnan(scores).all():
            found["y_score"] = scores[:, order]
    return found


def _to_cells(labels: np.ndarray) -> list:
    """Return labels as text and numbers, and bool as 0 and 1."""
    return [
        int(label) if isinstance(label, bool) else label for label in labels.tolist()
    ]


def _read_cells(
    path: str | os.PathLike[str],
) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return the header, the lines, and which columns have quotation marks."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(file)
    header, *lines = list(csv.reader(rows)) or [[]]
    lines = [line for line in lines if line]  # an empty last line
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise ValueError(
                f"Sample {number} in {path} has {len(line)} cells, and the header has "
                f"{len(header)}. Repair or remove the line."
            )
    try:
        # This reader returns cells without quotation marks as floats.
        typed = list(csv.reader(rows, quoting=csv.QUOTE_NONNUMERIC))
    except ValueError:  # another program wrote text without quotation marks
        return header, lines, [False] * len(header)
    first = typed[1] if len(typed) > 1 else header
    return header, lines, [isinstance(cell, str) for cell in first]


def _parse_labels(cells: Any, is_text: bool) -> np.ndarray:
    """Return labels as int or float if all of them are, and as text otherwise."""
    if not is_text:
        for kind in (int, float):
            try:
                return np.array([kind(cell) for cell in cells])
            except ValueError:
                continue
    return np.array(list(cells))


def _parse(
    cells: Any, kind: type, column: str, path: str | os.PathLike[str]
) -> np.ndarray:
    """Return a column of numbers."""
    try:
        return np.array([kind(cell) for cell in cells])
    except ValueError as error:
        raise ValueError(
            f"The column {column!r} of {path} must have numbers: {error}. Pass a file "
            "that Predictions.to_csv has written."
        ) from error
