"""Describe the files that a loader leaves out."""

import os
from collections import Counter

from cxrclf.datasets._layout import format_names

_PHRASES = {
    "type": "of another type",
    "hidden": "hidden",
    "beside": "beside the class folders",
    "masks": "with names of mask folders",
    "repeated": "listed already through another link",
    "without_mask": "without a mask",
    "without_image": "without an image",
    "modality": "of another modality than X-ray",
    "view": "of other views",
    "finding": "without a finding",
    "patient": "without a patient id",
    "conflict": "with contradicting rows in the table",
    "class": "of other classes",
    "copy": "that are copies of listed images",
    "contradiction": "with copies of another class",
    "draw": "not drawn",
    "missing": "named in the table but not found",
    "unlisted": "not named in the table",
}
_SHOWN = 3


def merge_left_out(*parts):
    """Merge dicts of left-out paths, and return the reasons with any path.

    Parameters
    ----------
    *parts : dict of str to list of str
        Paths of files and folders, by reason.
    """
    merged = {why: [] for why in _PHRASES}
    for part in parts:
        for why, paths in part.items():
            merged[why] += paths
    return {why: paths for why, paths in merged.items() if paths}


def describe_left_out(left_out):
    """Return a sentence with the number of left-out files for each reason, or ''.

    Parameters
    ----------
    left_out : dict of str to list of str
        Paths of files and folders, by reason.
    """
    texts = []
    for why, paths in left_out.items():
        if why == "type":
            shown = _count_types(paths)
        else:
            shown = format_names([os.path.basename(path) for path in paths], _SHOWN)
        texts.append(f"{len(paths)} {_PHRASES[why]} ({shown})")
    return f" Left out: {'; '.join(texts)}." if texts else ""


def format_path(path):
    """Return a path as text that can be printed and is one line."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def _count_types(paths):
    types = Counter(os.path.splitext(path.rstrip())[1].lower() for path in paths)
    counts = [
        f"{count} {suffix or 'without extension'}"
        for suffix, count in types.most_common()
    ]
    more = len(counts) - 10
    return ", ".join(counts[:10]) + (f", {more} further types" if more > 0 else "")
