"""The number of threads of torch, set for each Python thread separately.

``torch.set_num_threads`` sets two numbers: the number of the calling thread, and the
initial number of threads that start later. A fit may change the first number. All fits
of a process share the second one, so it is restored at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cxrclf._utils.forks import after_fork_in_child

# A new thread reads the shared number when it first uses torch. The lock prevents it
# from reading a number that another thread sets for itself, before it is restored.
_lock = threading.Lock()
_local = threading.local()  # `outside`: the number of a thread before the limit
_forked = False


def usable_threads(n_threads: int | None) -> int:
    """Return the number of threads for one layer.

    Parameters
    ----------
    n_threads : int or None
        Requested number. None means torch's own number, as it was before
        :func:`limit_threads`.

    Returns
    -------
    int
        The requested number, or 1 in a forked process.
    """
    # OpenMP's threads do not survive a fork. A layer would wait for them forever.
    if _forked:
        return 1
    if n_threads is not None:
        return n_threads
    return getattr(_local, "outside", None) or _own_threads()


@contextmanager
def limit_threads(n_threads: int) -> Iterator[None]:
    """Limit the number of threads that torch uses in the calling thread.

    Parameters
    ----------
    n_threads : int
        Number of threads per operation.
    """
    previous, outside = _own_threads(), getattr(_local, "outside", None)
    try:  # first, because an interrupt may come at any later step
        _local.outside = outside or previous
        set_own_threads(n_threads)
        yield
    finally:
        _local.outside = outside
        set_own_threads(previous)


def set_own_threads(n_threads: int) -> None:
    """Set torch's number of threads for the calling thread only.

    Parameters
    ----------
    n_threads : int
        Number of threads per operation.
    """
    with _lock:
        previous = torch.get_num_threads()
        if n_threads == previous:
            return
        shared = max(n_threads, previous)  # used only if an interrupt comes first
        try:
            # A new thread shows the shared number, which the calling thread hides.
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
    _lock = threading.Lock()  # a thread of the parent may hold the old lock
    _forked = True
    torch.set_num_threads(1)


after_fork_in_child(_after_fork)
