"""Compute the next value while one is in use."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def map_ahead(
    executor: Executor, function: Callable[[S], T], items: Iterable[S]
) -> Iterator[T]:
    """Map a function over items, and compute the next value while one is in use.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Executor that calls the function.
    function : callable
        Function of an item.
    items : iterable
        Items in the order of the values.

    Yields
    ------
    object
        Value of the next item.
    """
    upcoming = None
    for item in items:
        current, upcoming = upcoming, executor.submit(function, item)
        if current is not None:
            yield current.result()
    if upcoming is not None:
        yield upcoming.result()
