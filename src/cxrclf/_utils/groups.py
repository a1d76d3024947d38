"""Check the groups of samples, which are patient ids."""

from typing import Any

import numpy as np

from cxrclf._utils.labels import as_array, mixes_str
from cxrclf._utils.missing import MISSING_TEXTS, find_missing, format_rows
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import LabelWarning

_CURE = "Give rows without a known patient an id of their own."


def check_groups(groups: Any, n: int) -> np.ndarray | None:
    """Return groups as an array of shape (n,), or None.

    Parameters
    ----------
    groups : array-like of shape (n,) or None
        Patient id of each sample.
    n : int
        Number of samples in X.

    Returns
    -------
    ndarray of shape (n,) or None
        Ids, all of them str or none of them.

    Raises
    ------
    ValueError
        If `groups` does not have one id per sample, if ids are missing, or if ids are
        of types that cannot be compared.
    """
    if groups is None:
        return None
    ids = as_array(groups, "groups", "id")
    if ids.ndim == 2 and ids.shape[1] == 1:
        ids = ids[:, 0]
    if ids.ndim != 1:
        raise ValueError(
            f"groups has shape {ids.shape}, and must have one id per sample. Join "
            "several columns to one text per sample."
        )
    if len(ids) != n:
        raise ValueError(
            other_length("groups", len(ids), n, "group")
            + hint_at_samplers(
                len(ids), n, "hold out a validation set by patients before the pipeline"
            )
        )
    _refuse_missing(ids)
    if ids.dtype.kind == "O":
        _refuse_other_types(ids)
    if ids.dtype.kind == "f" and np.abs(ids).max(initial=0) >= 2**53:
        raise ValueError(
            "groups has numbers above 2**53 as floats, which are not exact. Convert "
            "the ids to text before they become floats."
        )
    if ids.dtype.kind in "OU":
        _warn_of_twins(ids)
    return ids


def index_patients(groups: Any, n: int) -> np.ndarray:
    """Return the number of the patient of each sample, from 0, of shape (n,).

    The parameters and errors are the same as for :func:`check_groups`. Without groups,
    each sample is a patient of its own.
    """
    ids = check_groups(groups, n)
    return np.arange(n) if ids is None else np.unique(ids, return_inverse=True)[1]


def _warn_of_twins(ids: np.ndarray) -> None:
    """Warn about ids that differ only in blanks at their ends."""
    different = {label for label in ids.tolist() if isinstance(label, str)}
    twins = sorted(label for label in different if label != label.strip())
    twins = [label for label in twins if label.strip() in different]
    if twins:
        warn_user(
            f"The ids {[twins[0], twins[0].strip()]} in groups differ only in blanks, "
            "and are different patients. If they mean the same, write them alike: "
            "[group.strip() for group in groups].",
            LabelWarning,
        )


def other_length(name: str, n_values: int, n: int, noun: str) -> str:
    """Return the message about an array that has not one value per sample."""
    return (
        f"{name} has {n_values} values, but X has {n} samples. Pass one {noun} per "
        "sample."
    )


def hint_at_samplers(n_values: int, n: int, cure: str) -> str:
    """Return a sentence about samplers if one of them may have resampled X, or ""."""
    # A sampler adds or removes many rows. A small difference is another mistake.
    if abs(n_values - n) <= max(1, 0.05 * n):
        return ""
    return (
        " If X comes from a sampler of a pipeline: samplers resample X and y only, so "
        f"{cure}."
    )


def _refuse_missing(ids: np.ndarray) -> None:
    rows = find_missing(ids)
    if len(rows):
        noun = "id" if len(rows) == 1 else "ids"
        raise ValueError(
            f"groups has {len(rows)} missing {noun} (NaN, None, NA or blank text), in "
            f"{format_rows(rows)}. {_CURE}"
        )
    if ids.dtype.kind in "biufcmM":
        return
    rows = np.array([i for i, label in enumerate(ids.tolist()) if _is_text(label)])
    if len(rows):
        raise ValueError(
            f"groups has the text {ids[rows[0]]!s} in {format_rows(rows)}, which is a "
            f"missing id that was converted to text. {_CURE}"
        )


def _is_text(label: Any) -> bool:
    return isinstance(label, str) and label in MISSING_TEXTS


def _refuse_other_types(ids: np.ndarray) -> None:
    mixed = mixes_str(ids)
    if mixed:
        one, other = mixed
        raise ValueError(
            f"groups must be all str or all numbers, and has {one!r} and {other!r}. "
            "Convert all ids: [str(group) for group in groups]."
        )
    try:
        np.unique(ids)
    except TypeError as error:
        raise ValueError(
            f"groups has ids that cannot be compared: {error}. Convert all ids: "
            "[str(group) for group in groups]."
        ) from error
