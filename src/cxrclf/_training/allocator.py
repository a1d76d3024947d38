"""Keep freed memory in the process while a network computes."""

import contextlib
import ctypes
import os
import platform
import threading

from cxrclf._utils.forks import after_fork_in_child

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # values of malloc.h, for mallopt
# glibc raises both thresholds by itself as blocks are freed; these are the largest
# values that it reaches.
_DEFAULT_LIMITS = {_TRIM_THRESHOLD: 2**26, _MMAP_THRESHOLD: 2**25}
_RAISED_LIMITS = {_TRIM_THRESHOLD: 2**31 - 1, _MMAP_THRESHOLD: 2**30}

_lock = threading.Lock()
_users = 0


def _reset_after_fork():
    global _lock, _users
    # A thread of the parent may hold the old lock, and does not exist in the child.
    _lock = threading.Lock()
    _users = 0


after_fork_in_child(_reset_after_fork)


@contextlib.contextmanager
def keep_memory():
    """Keep freed memory in the process until the block ends.

    A network allocates and frees hundreds of megabytes in each step. glibc returns
    memory at the end of a heap to the system, and the system clears each page before
    it is used again. On a CPU this takes a sixth of the time of a training, and a
    third of the time of forward passes in threads. At the end of the block, the memory
    is returned to the system.

    Nothing is changed without glibc, or if environment variables configure its
    allocator.
    """
    global _users
    libc = _glibc()
    if libc is None:
        yield
        return
    counted = False
    # The block begins before the count, because an interrupt may occur at any step.
    try:
        with _lock:
            _users += 1
            counted = True
            _set_options(libc, _RAISED_LIMITS)
        yield
    finally:
        with _lock:
            _users -= counted
            # Below 0 in a child process that was forked inside the block.
            if _users <= 0:
                _users = 0
                _set_options(libc, _DEFAULT_LIMITS)
                libc.malloc_trim(0)


def _glibc():
    """Return the C library if it is glibc with its default settings, or None."""
    is_configured = any(name.startswith("MALLOC_") for name in os.environ)
    if is_configured or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return None
    if platform.libc_ver()[0] != "glibc":
        return None
    return ctypes.CDLL(None)


def _set_options(libc, options):
    for name, value in options.items():
        libc.mallopt(name, value)
