"""Functions that run in a forked process."""

import os
from collections.abc import Callable


def after_fork_in_child(function: Callable[[], object]) -> None:
    """Call a function at the start of each process that is forked from this one.

    Use it to replace locks: a thread of the parent may hold a lock during the fork, and
    that thread does not exist in the child, so that nothing ever releases the lock.

    Parameters
    ----------
    function : callable
        Function without arguments. It is never called on systems without fork.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
