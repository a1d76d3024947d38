"""The number of threads that torch uses, for one thread of Python at a time.

``torch.set_num_threads`` sets two numbers: the one of the calling thread, and the one
that threads started later begin with. A fit may change the first. The second is shared
by all fits of a process, so it is put back at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cxrclf._utils.forks import after_fork_in_child

# A thread that is new to torch begins with the shared number when it first asks for its
# own. In this lock it finds no number that another thread has set for itself.
_lock = threading.Lock()
_local = threading.local()  # `outside`: the number of a thread before it was limited
_forked = False


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
    return getattr(_local, "outside", None) or _own_threads()


@contextmanager
def limited_threads(n_threads: int) -> Iterator[None]:
    """Limit the number of threads that torch uses in the calling thread.

    Parameters
    ----------
    n_threads : int
        Number of threads that share an operation.
    """
    previous, outside = _own_threads(), getattr(_local, "outside", None)
    try:  # an interrupt may come at any step
        _local.outside = outside or previous
        set_own_threads(n_threads)
        yield
    finally:
        _local.outside = outside
        set_own_threads(previous)


def set_own_threads(n_threads: int) -> None:
    """Set torch's number of threads for the calling thread alone.

    Parameters
    ----------
    n_threads : int
    """
    with _lock:
        previous = torch.get_num_threads()
        if n_threads == previous:
            return
        shared = max(n_threads, previous)  # if an interrupt comes first
        try:
            shared = _in_new_thread(torch.get_num_threads)
        finally:
            torch.set_num_threads(n_threads)
            _in_new_thread(torch.set_num_threads, shared)


def _own_threads() -> int:
    with _lock:
        return torch.get_num_threads()


def _in_new_thread(function: Callable, *args: Any) -> Any:
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results[0]


def _after_fork() -> None:
    global _lock, _forked
    _lock = threading.Lock()  # a thread of the parent may hold the other one
    _forked = True
    torch.set_num_threads(1)


after_fork_in_child(_after_fork)
