"""Paths that stand for more than a file, and their names in tables."""

import os
from collections.abc import Iterable
from typing import Any


def is_copy(path: Any) -> bool:
    """Return whether a path stands for a transformed copy of its file.

    Such a path has the attributes of :class:`cxrclf.augmentation.AugmentedPath`.
    """
    return all(hasattr(path, name) for name in ("augmentation", "seed", "copy"))


def shorten_paths(paths: Iterable[Any]) -> list[str]:
    """Return paths relative to the folder that contains all files.

    Parameters
    ----------
    paths : iterable of path-like
        Paths of files.

    Returns
    -------
    list of str
        Whole paths if the files have no common folder, such as on several drives.
    """
    texts = [str(path) for path in paths]
    try:
        folder = os.path.commonpath([os.path.dirname(text) for text in texts])
    except ValueError:  # on several drives, or absolute and relative
        return texts
    return [os.path.relpath(text, folder) if folder else text for text in texts]
