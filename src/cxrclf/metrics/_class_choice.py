"""Choose the classes to score or to draw."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def choose_classes(classes: Any, known: list) -> list:
    """Return some classes: all of `known` for None, but only the last one of two.

    Raises
    ------
    ValueError
        If a class is not in `known`, or if there is no class.
    """
    if classes is None:
        return known[-1:] if len(known) == 2 else known
    chosen = np.asarray(classes).ravel().tolist()
    if not chosen or not_in(chosen, known):
        raise ValueError(
            f"classes must be some of {known}, got {chosen}. Pass None for all."
        )
    return chosen


def not_in(labels: Iterable[Any], known: list) -> list:
    """Return the labels that are not in `known`."""
    return [label for label in labels if label not in known]
