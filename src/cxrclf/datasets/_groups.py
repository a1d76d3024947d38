"""Extract patient ids from file names."""

import re
from numbers import Integral
from pathlib import Path

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.datasets._layout import format_names


def check_groups(groups):
    """Return a function from a path to an id or None, or None without `groups`.

    Parameters
    ----------
    groups : str, re.Pattern, callable or None
        Parameter `groups` of a loader.
    """
    if groups is None or callable(groups):
        return groups
    if not isinstance(groups, (str, re.Pattern)):
        raise ValueError(
            "groups must be a regular expression, a callable or None; got "
            f"{groups!r}. Pass known ids to the splitter instead."
        )
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise ValueError(
            f"groups={_show(groups)} is not a regular expression: {error}. Check the "
            "brackets and backslashes."
        ) from error

    def find(path):
        match = pattern.search(Path(path).name)
        if match is None or not match.group():
            return None
        # A group of the pattern that does not match counts as "". With
        # "(a\d+)|(b\d+)", two patients then cannot get the same id.
        return "-".join(part or "" for part in match.groups()) or match.group()

    return find


def find_groups(paths, find_group, groups):
    """Return the ids of all paths as an array.

    Parameters
    ----------
    paths : list of str
        Paths of the images.
    find_group : callable
        Function from a path to an id or None, see `check_groups`.
    groups : str, re.Pattern or callable
        Parameter `groups` of the loader, for error messages.
    """
    ids = [find_group(path) for path in paths]
    # `found != found` detects NaN, which a look-up in a table returns for a path that
    # is not in the table.
    missing = [
        Path(path).name
        for path, found in zip(paths, ids, strict=True)
        if found is None or found != found or found == ""
    ]
    if missing:
        raise ValueError(
            f"groups={_show(groups)} finds no id for {len(missing)} of "
            f"{format_count(len(paths), 'file')}: {format_names(missing)}. Change the "
            "pattern so that it matches these names too, or pass a callable that "
            "returns an id for each path. Without an id, the files of a patient could "
            "be on both sides of a split."
        )
    # An array of mixed ids has type str, in which the patients 1 and "1" are the same.
    if not any(
        all(isinstance(found, kind) for found in ids) for kind in (str, Integral)
    ):
        raise ValueError(
            "The groups callable must return ids all str or all int; got "
            f"{format_names(ids)}. Convert all ids to str."
        )
    return np.array(ids)


def _show(groups):
    """Return the parameter as text. A pattern is shown as it was typed."""
    pattern = groups.pattern if isinstance(groups, re.Pattern) else groups
    return f"'{pattern}'" if isinstance(pattern, str) else repr(groups)
