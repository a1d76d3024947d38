"""The days of the images of a patient."""

from datetime import date
from numbers import Real

import numpy as np

from cxrclf._utils.missing import find_missing, format_rows

_KINDS = "whole or real numbers, dates, or text"


def sort_days(days, n):
    """Sort the days of n images.

    Parameters
    ----------
    days : array-like of shape (n,)
        Numbers, dates, or text.
    n : int
        Number of images.

    Returns
    -------
    order : ndarray of shape (n,) of int
        Row numbers in the order of the days. Equal days have the given order. Text is
        not sorted.
    days : ndarray of shape (n,)
        Sorted days.
    names : list of str
        Names of the sorted days: "day 3", "2020-03-14", or the text.

    Raises
    ------
    ValueError
        If there is not one day per image, if a day is missing, or if days are of
        several kinds.
    """
    values = np.asarray(days)
    if values.shape != (n,):
        raise ValueError(
            f"days must have one day for each of the {n} images, got an array of shape "
            f"{values.shape}."
        )
    missing = find_missing(values)
    if len(missing):
        raise ValueError(f"days has missing values in {format_rows(missing)}.")
    if values.dtype.kind == "O":
        values = _convert(values)
    if values.dtype.kind not in "iufMUO":
        raise ValueError(f"days must be {_KINDS}, got {values.dtype}.")
    if values.dtype.kind == "U":
        return np.arange(n), values, values.tolist()
    order = np.argsort(values, kind="stable")
    values = values[order]
    return order, values, [_name(value) for value in values]


def _convert(values):
    """Return objects of Python as numbers or text, and dates unchanged."""
    items = values.tolist()
    if all(isinstance(item, str) for item in items):
        return values.astype(str)
    if all(isinstance(item, Real) and not isinstance(item, bool) for item in items):
        return values.astype(float)
    if len({type(item) for item in items}) == 1 and isinstance(items[0], date):
        return values
    kinds = sorted({type(item).__name__ for item in items})
    raise ValueError(f"days must be {_KINDS}, all of one type, got {', '.join(kinds)}.")


def _name(value):
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="D"))
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return f"day {value:g}"
