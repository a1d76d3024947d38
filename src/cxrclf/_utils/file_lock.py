"""File locks that end with the process."""

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def try_lock(file: IO[bytes], *, shared: bool = False) -> bool:
    """Try to lock a file until it is closed or the process ends.

    Parameters
    ----------
    file : binary file object
        File open for reading and writing.
    shared : bool, default=False
        Whether other processes may hold shared locks at the same time. Windows has no
        shared locks: the file is not locked there.

    Returns
    -------
    bool
        Whether the file is locked now. False means that another process holds the
        lock.

    Raises
    ------
    OSError
        If the file system does not support locks.
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
    """Try to lock one byte of a file.

    The lock belongs to the process: its threads do not exclude each other, and forked
    processes do not inherit the lock. The lock ends when the process closes any of its
    handles of the file.

    Parameters
    ----------
    file : binary file object
        File open for writing.
    position : int
        Position of the byte, which may lie behind the end of the file.

    Returns
    -------
    bool
        Whether the byte is locked now. False means that another process holds the
        lock.

    Raises
    ------
    OSError
        If the file system does not support locks.
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
