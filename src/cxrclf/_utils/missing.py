"""Find missing values, such as NaN, None and NA, in labels and groups."""

from typing import Any

import numpy as np

# Texts that NumPy and pandas write for missing values: str(nan), str(None), ...
MISSING_TEXTS = frozenset({"nan", "NaN", "None", "<NA>", "NaT"})

_SHOWN = 5


def find_missing(values: np.ndarray) -> np.ndarray:
    """Return the numbers of the rows that have a missing value, (m,) of int.

    Missing values are NaN, None, NaT, the NA of pandas, and text without any letters.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, k)
        Labels or ids.
    """
    kind = values.dtype.kind
    if kind in "biu" or not values.size:
        return np.array([], dtype=int)
    if kind in "fc":
        mask = np.isnan(values)
    elif kind in "mM":
        mask = np.isnat(values)
    else:
        flat = values.astype(object).ravel().tolist()
        mask = np.array([_is_missing(value) for value in flat], dtype=bool)
    return np.flatnonzero(mask.reshape(len(values), -1).any(axis=1))


def format_rows(rows: np.ndarray) -> str:
    """Return the first row numbers as text: "row 3", or "rows 0, 1, 2, ..."."""
    shown = ", ".join(map(str, rows[:_SHOWN].tolist()))
    more = ", ..." if len(rows) > _SHOWN else ""
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}{more}"


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):
        # The NA of pandas has no truth value. Other such objects are not missing.
        return type(value).__name__ == "NAType"
