"""Paths that stand for more than a file."""

from typing import Any


def is_copy(path: Any) -> bool:
    """Return whether a path stands for a transformed copy of its file.

    Such a path has the attributes of :class:`cxrclf.augmentation.AugmentedPath`.
    """
    return all(hasattr(path, name) for name in ("augmentation", "seed", "copy"))
