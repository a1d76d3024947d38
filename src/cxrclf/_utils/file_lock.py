"""Locks on files that end with their process."""

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def try_lock(file: IO[bytes], *, shared: bool = False) -> bool:
    """Try to lock a file for as long as it is open, or until its process dies.

    Parameters
    ----------
    file : binary file object
        Open for reading and writing.
    shared : bool, default=False
        Whether other processes may have shared locks at the same time. Windows has
        none, and nothing is locked there.

    Returns
    -------
    bool
        Whether the lock was free.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            if not shared:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(file, kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def try_lock_byte(file: IO[bytes], position: int) -> bool:
    """Try to lock one byte of a file until any handle of it is closed here.

    The lock is the process's: its threads do not exclude each other, and processes
    that it forks do not hold it.

    Parameters
    ----------
    file : binary file object
        Open for writing.
    position : int
        Of the byte; it need not be there.

    Returns
    -------
    bool
        Whether the lock was free.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            file.seek(position)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
    except (BlockingIOError, PermissionError):
        return False
    return True
