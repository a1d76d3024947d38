"""The number of threads that torch uses, for one thread of Python at a time.

``torch.set_num_threads`` sets two numbers: the one of the calling thread, and the one
that threads started later begin with. A fit may change the first. The second is shared
by all fits of a process, so it is put back at once.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

_lock = threading.Lock()
_forked = False
_local = threading.local()  # `outside`: the number of a thread before it was limited


def usable_threads(n_threads: int | None) -> int:
    """Return how many threads may share a layer.

    Parameters
    ----------
    n_threads : int or None
        Number asked for. None stands for torch's own number, outside of
        :func:`limited_threads`.

    Returns
    -------
    int
        1 in a forked process: OpenMP's threads do not survive a fork, and a layer that
        waits for them never returns.
    """
    if _forked:
        return 1
    if n_threads is not None:
        return n_threads
    return getattr(_local, "outside", None) or torch.get_num_threads()


@contextmanager
def limited_threads(n_threads: int) -> Iterator[None]:
    """Let torch use so many threads in the calling thread, and in no other.

    Parameters
    ----------
    n_threads : int
        Number of threads that share an operation.
    """
    previous = set_own_threads(n_threads)
    outermost = getattr(_local, "outside", None) is None
    if outermost:
        _local.outside = previous
    try:
        yield
    finally:
        if outermost:
            _local.outside = None
        set_own_threads(previous)


def set_own_threads(n_threads: int) -> int:
    """Set torch's number of threads for the calling thread alone.

    Parameters
    ----------
    n_threads : int

    Returns
    -------
    int
        The number before.
    """
    with _lock:  # a thread that starts meanwhile must not begin with this number
        previous = torch.get_num_threads()
        if n_threads != previous:
            of_new_threads = _in_new_thread(torch.get_num_threads)
            torch.set_num_threads(n_threads)
            _in_new_thread(torch.set_num_threads, of_new_threads)
        return previous


def _in_new_thread(function: Callable, *args: Any) -> Any:
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results[0]


def _after_fork() -> None:
    global _lock, _forked
    _lock = threading.Lock()  # its holder is not in this process
    _forked = True
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
