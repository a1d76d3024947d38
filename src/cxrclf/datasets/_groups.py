"""Finding out whose image a file is."""

import re
from numbers import Integral
from pathlib import Path

import numpy as np

from cxrclf.datasets._layout import some


def check_groups(groups):
    """Return a function path -> id or None, or None when there are no groups."""
    if groups is None or callable(groups):
        return groups
    if not isinstance(groups, (str, re.Pattern)):
        raise ValueError(
            "groups must be a regular expression, a callable or None; got "
            f"{groups!r}. Ids that are known already need no groups here: pass "
            "them to the splitter."
        )
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise ValueError(
            f"groups={groups!r} is no regular expression: {error}."
        ) from error

    def find(path):
        match = pattern.search(Path(path).name)
        if match is None or not match.group():
            return None
        # A part that took no part counts as empty: so "(a\d+)|(b\d+)" cannot
        # give two patients one id.
        return "-".join(part or "" for part in match.groups()) or match.group()

    return find


def find_groups(paths, find_group, groups):
    """Return the ids of all paths as an array; `groups` is what the user gave."""
    ids = [find_group(path) for path in paths]
    # x != x: a NaN, what a look-up in a table gives for a file it lacks.
    missing = [
        Path(path).name
        for path, found in zip(paths, ids, strict=True)
        if found is None or found != found or found == ""
    ]
    if missing:
        raise ValueError(
            f"groups={groups!r} finds no id for {len(missing)} of {len(paths)} files: "
            f"{some(missing)}. Widen the pattern to match them, or pass a callable "
            "that returns an id for each path; a file without a patient cannot be "
            "kept with the patient's other files."
        )
    # Mixed, they would all become str, and patients 1 and "1" the same.
    if not any(
        all(isinstance(found, kind) for found in ids) for kind in (str, Integral)
    ):
        raise ValueError(
            f"The groups callable must return ids all str or all int; got {some(ids)}."
        )
    return np.array(ids)
