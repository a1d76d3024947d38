"""What a forked process must renew."""

import os
from collections.abc import Callable


def after_fork_in_child(function: Callable[[], object]) -> None:
    """Call a function in each process that is forked from this one, at its start.

    A lock must be renewed there: a thread of the parent may hold it, and that thread
    is not in the child.

    Parameters
    ----------
    function : callable
        Called without arguments, wherever the system can fork.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
