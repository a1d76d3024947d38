"""Reading and writing files that other processes may replace or truncate."""

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import IO

import numpy as np

from cxrclf._utils.files import open_regular
from cxrclf._utils.forks import after_fork_in_child

_seeking = threading.Lock()


def _renew_lock() -> None:
    global _seeking
    _seeking = threading.Lock()  # a thread of the parent may hold the old lock


after_fork_in_child(_renew_lock)


def open_or_create(path: Path) -> IO[bytes]:
    """Open a regular file for reading and writing, and create it if it is missing.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file. Links are not followed.

    Returns
    -------
    binary file object

    Raises
    ------
    OSError
        If the path is not a regular file, or the file cannot be opened.
    """
    create = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, create, 0o666))
    return open_regular(path, "r+b", follow_links=False)


def read_rows(
    file: IO[bytes], rows: np.ndarray, out: np.ndarray, offset: int = 0
) -> None:
    """Read rows of equal size from a file into memory.

    Threads and forked processes may read from the same file at the same time. The
    function does not map the file into memory, because a mapped file that becomes
    shorter ends the process with a signal (SIGBUS).

    Parameters
    ----------
    file : binary file object
        File open for reading. Its position does not matter.
    rows : ndarray of shape (b,), int
        Row numbers in the file, in any order, with repeats.
    out : ndarray of shape (b, ...)
        Contiguous memory for the rows, which also defines the size of a row.
    offset : int, default=0
        Position of row 0 in the file, in bytes.

    Raises
    ------
    EOFError
        If the file ends before the last byte of a row.
    OSError
        If the file cannot be read.
    """
    n_bytes = out.nbytes // max(len(rows), 1)
    memory = out.reshape(-1).view(np.uint8).data
    # One call reads all rows that follow each other in the file.
    cuts = (np.flatnonzero(np.diff(rows) != 1) + 1).tolist()
    for start, stop in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        if start < stop:
            part = memory[start * n_bytes : stop * n_bytes]
            _read_whole(file.fileno(), part, offset + int(rows[start]) * n_bytes)


def _read_whole(descriptor: int, memory: memoryview, position: int) -> None:
    while memory:
        n_bytes = _read_at(descriptor, memory, position)
        if not n_bytes:
            raise EOFError("the file is cut short")
        memory = memory[n_bytes:]
        position += n_bytes


def _read_at(descriptor: int, memory: memoryview, position: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [memory], position)
    # Windows has no preadv. The lock keeps the position of the file between two calls.
    with _seeking:
        os.lseek(descriptor, position, os.SEEK_SET)
        read = os.read(descriptor, len(memory))
    memory[: len(read)] = read
    return len(read)


def make_folders(root: Path, *names: str) -> Path:
    """Create nested folders, as far as they are missing.

    Parameters
    ----------
    root : pathlib.Path
        The outermost folder, which may be a link.
    *names : str
        Names of the folders below `root`, which must not be links.

    Returns
    -------
    pathlib.Path
        The innermost folder.

    Raises
    ------
    OSError
        If a folder cannot be created, or its path is not a folder.
    """
    folder = root
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        folder = folder / name
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise FileExistsError(errno.EEXIST, "Is a link, not a folder", str(folder))
    return folder


def copy_error(error: OSError, message: str) -> OSError:
    """Return an error with the same number and class, and another message.

    Parameters
    ----------
    error : OSError
        The error of the system.
    message : str
        Cause and remedy.

    Returns
    -------
    OSError
    """
    # The number selects the class: OSError(errno.ENOENT, ...) is a FileNotFoundError.
    return OSError(message) if error.errno is None else OSError(error.errno, message)


def reason(error: OSError) -> str:
    """Return the message of an error without its number."""
    if error.strerror is None:
        return str(error)
    named = "" if error.filename is None else f": {os.fspath(error.filename)!r}"
    return error.strerror + named
