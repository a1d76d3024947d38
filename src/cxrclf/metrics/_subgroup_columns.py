"""Columns of subgroups, such as sex and age: checks, bands of numbers."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from cxrclf._utils.labels import as_array
from cxrclf._utils.missing import MISSING_TEXTS, find_missing

UNKNOWN = "unknown"
# Years. Children as in ICH E11, and 65 as in ICH E7.
AGE_EDGES = (2, 12, 18, 40, 65)
_AGES = ("age", "patient_age", "patientage", "age_years")
_LARGE = 1e16  # floats from here on are named as 1e+16
_MAX_NUMBERS = 10  # different numbers that are categories without edges


class SubgroupColumn(NamedTuple):
    """Subgroup of each sample by one column.

    Attributes
    ----------
    name : str
        Name of the column.
    codes : ndarray of shape (n,) of int
        Number of the subgroup of each sample.
    subgroups : list of str
        Names of the subgroups that occur. Bands are in the order of their numbers, and
        "unknown" is the last one.
    """

    name: str
    codes: np.ndarray
    subgroups: list[str]


def subgroup_columns(
    by: Any, n: int, bands: Mapping[str, Sequence[float]] | None = None
) -> list[SubgroupColumn]:
    """Return the subgroup of each sample by each column.

    Parameters
    ----------
    by : mapping of str to array-like of shape (n,), or data frame of n rows
        Columns of subgroups.
    n : int
        Number of samples.
    bands : mapping of str to sequence of float, default=None
        Increasing edges of the bands of columns of numbers. A column that is named
        "age" has the edges 2, 12, 18, 40 and 65 by default.

    Returns
    -------
    list of SubgroupColumn
        One per column of `by`.

    Raises
    ------
    TypeError
        If `by` has no columns with names.
    ValueError
        If a column has another length, if a column has many different numbers but no
        edges, or if edges are invalid or belong to no column.
    """
    columns = _name_columns(by)
    if not columns:
        raise ValueError('by has no columns. Pass by={"sex": sex, "age": age}.')
    bands = bands or {}
    unknown = [name for name in bands if name not in columns]
    if unknown:
        raise ValueError(
            f"bands has edges of {unknown}, which by lacks: {list(columns)}. Check the "
            "names."
        )
    return [
        _make_column(name, values, n, bands.get(name))
        for name, values in columns.items()
    ]


def select_rows(by: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of samples from the columns of all rows of X.

    Parameters
    ----------
    by : mapping of str to array-like of shape (n_rows,), or data frame
        Columns of subgroups in the order of X.
    rows : ndarray of shape (n,) of int
        Row of X of each sample.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Values of the samples.

    Raises
    ------
    TypeError
        If `by` has no columns with names.
    ValueError
        If a column has too few values, or if its rows were selected before.
    """
    selected = {}
    for name, values in _name_columns(by).items():
        column = as_array(values, f"by[{name!r}]", "value")
        if column.ndim != 1 or len(column) <= rows.max():
            raise ValueError(
                f"by[{name!r}] must have one value per row of X, and the predictions "
                f"have rows from 0 to {rows.max()}. Got shape {column.shape}. Pass the "
                "column of all rows, in the order of X."
            )
        index = getattr(values, "index", None)
        # Lists have a method of this name.
        labels = [] if index is None or callable(index) else list(index)
        if labels == rows.tolist() != list(range(len(rows))):
            raise ValueError(
                f"by[{name!r}] has the rows of the predictions, and would be selected "
                "twice. Pass the column of all rows, in the order of X."
            )
        selected[name] = column[rows]
    return selected


def _name_columns(by: Any) -> dict[str, Any]:
    """Return the columns by their names."""
    if not hasattr(by, "items"):
        raise TypeError(
            "by must be a mapping of names to arrays or a data frame, got "
            f'{type(by).__name__}. Pass by={{"sex": sex, "age": age}}.'
        )
    return {str(name): values for name, values in by.items()}


def _make_column(name: str, values: Any, n: int, edges: Any) -> SubgroupColumn:
    """Check one column, and return its subgroups."""
    column = as_array(values, f"by[{name!r}]", "value")
    if column.shape != (n,):
        raise ValueError(
            f"by[{name!r}] must have one value per sample, shape {(n,)}, got shape "
            f"{column.shape}."
        )
    known = np.ones(n, dtype=bool)
    known[find_missing(column)] = False
    if column.dtype.kind not in "biuf":
        texts = [name_value(value) for value in column.tolist()]
        known &= [text not in MISSING_TEXTS for text in texts]
    if edges is None and name.lower() in _AGES:
        edges = AGE_EDGES
    if edges is not None:
        names, places = _cut(name, column[known], edges)
    else:
        names, places = _list_values(name, column[known])
    codes = np.full(n, len(names))
    codes[known] = places
    # Only subgroups that occur, and samples that are named "unknown" are unknown.
    names = [*names, UNKNOWN]
    codes[np.isin(codes, [i for i, of in enumerate(names) if of == UNKNOWN])] = (
        len(names) - 1
    )
    present, codes = np.unique(codes, return_inverse=True)
    return SubgroupColumn(name, codes, [names[i] for i in present])


def name_value(value: Any) -> str:
    """Return the name of a subgroup: "2" for 2.0, "True" for a bool, text stripped."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, Real) and not isinstance(value, Integral):
        number = float(value)
        if number.is_integer() and abs(number) < _LARGE:
            return str(int(number))
    return str(value).strip()


def _list_values(name: str, values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the different values, and the position of each sample."""
    if values.dtype.kind in "biuf":
        different, places = np.unique(values, return_inverse=True)
        if len(different) > _MAX_NUMBERS:
            raise ValueError(
                f"by[{name!r}] has {len(different)} different numbers. Pass the edges "
                f"of bands: bands={{{name!r}: [...]}}."
            )
        return [name_value(value) for value in different], places
    texts = np.array([name_value(value) for value in values.tolist()], dtype=str)
    different, places = np.unique(texts, return_inverse=True)
    return different.tolist(), places


def _cut(name: str, values: np.ndarray, edges: Any) -> tuple[list[str], np.ndarray]:
    """Return the names of the bands, and the band of each number."""
    limits = np.asarray(edges, dtype=float)
    increasing = limits.ndim == 1 and len(limits) and (np.diff(limits) > 0).all()
    if not increasing or not np.isfinite(limits).all():
        raise ValueError(
            f"The edges of by[{name!r}] must be increasing numbers, got {edges!r}."
        )
    try:
        numbers = values.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"by[{name!r}] must have numbers to be cut into bands: {error}. Convert "
            "the column, or rename it if its values are names."
        ) from error
    texts = [name_value(limit) for limit in limits]
    names = [
        f"under {texts[0]}",
        *(f"{low} to under {high}" for low, high in pairwise(texts)),
        f"{texts[-1]} and over",
    ]
    return names, np.searchsorted(limits, numbers, side="right")
