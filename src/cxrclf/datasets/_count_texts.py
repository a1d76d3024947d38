"""Sentences with counts for the description of a data set."""

from collections import Counter, defaultdict

from cxrclf.datasets._layout import format_names


def format_counts(values):
    """Format the number of images of each class or part: "'a' 3, 'b' 5".

    Parameters
    ----------
    values : ndarray of shape (n,) of str
        Class or part of each image.
    """
    counts = Counter(values.tolist())
    return ", ".join(f"{name!r} {count}" for name, count in sorted(counts.items()))


def describe_shared(split, groups):
    """Return a sentence about patients in more than one part, or "".

    Parameters
    ----------
    split : ndarray of shape (n,) of str
        Part of each image.
    groups : ndarray of shape (n,) of str
        Patient of each image.
    """
    parts = defaultdict(set)
    for part, group in zip(split.tolist(), groups.tolist(), strict=True):
        parts[group].add(part)
    shared = sorted(group for group, found in parts.items() if len(found) > 1)
    if not shared:
        return ""
    return f" Patients in more than one part ({len(shared)}): {format_names(shared)}."
