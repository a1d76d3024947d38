"""Atomic writing of files, and safe opening of regular files."""

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cxrclf._utils.file_lock import try_lock

_MARK = "cxrclf-"  # marks our temporary files; all other files belong to the user
_TEMPORARY = re.compile(rf"\.(?P<name>.+)\.{_MARK}[0-9a-f]{{16}}", re.DOTALL)
_OLD = 86400.0  # age in seconds at which a file without a lock counts as abandoned
_TRIES = 10
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_REGULAR = "Not a regular file"


@contextmanager
def replace_file(
    path: str | os.PathLike[str], *, sweep: bool = True, durable: bool = False
) -> Iterator[Path]:
    """Write a file through a temporary file that replaces it at the end.

    If the block raises an error or the process is killed, `path` keeps its old
    content.

    Parameters
    ----------
    path : path-like
        The file to write. A missing folder is created.
    sweep : bool, default=True
        Whether to remove temporary files of `path` that killed processes left behind.
        A caller that writes many files to a folder should call
        :func:`remove_abandoned` once instead.
    durable : bool, default=False
        Whether to wait until the file is on the disk, so that it survives a power
        failure.

    Yields
    ------
    pathlib.Path
        An empty temporary file in the same folder, for the caller to write to.

    Raises
    ------
    OSError
        If the file cannot be written. The message names the path and a remedy.
    """
    path = Path(path)
    with explain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if sweep:
            _remove_temporaries(path.parent, path.name)
        with new_file(path.parent, f".{path.name}.{_MARK}") as temporary:
            try:
                yield temporary
                if durable:
                    sync(temporary)
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        if durable:
            _sync_folder(path.parent)


@contextmanager
def new_file(folder: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """Create an empty file, and lock it until the block ends.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    prefix, suffix : str
        Start and end of the file name, with 16 random hexadecimal digits between them.

    Yields
    ------
    pathlib.Path
        The new file, which the caller should move or remove.
    """
    create = os.O_CREAT | os.O_EXCL  # follows no link
    for attempt in range(_TRIES):
        path = folder / f"{prefix}{secrets.token_hex(8)}{suffix}"
        # tempfile.mkstemp would create a file that only its owner can ever read.
        with open(
            path, "r+b", opener=lambda p, flags: os.open(p, flags | create, 0o666)
        ) as file:
            if sys.platform == "win32":
                break  # Windows renames no open file; the age protects the file
            # Another process may remove the file between its creation and its lock.
            # The last attempt serves file systems with locks that do not work.
            if (_lock(file) and path.exists()) or attempt == _TRIES - 1:
                yield path
                return
        path.unlink(missing_ok=True)
    yield path


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder.

    Only temporary files of :func:`replace_file` that no live process writes to are
    removed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the temporary files. It may be missing.
    """
    _remove_temporaries(folder, None)


def _remove_temporaries(folder: Path, name: str | None) -> None:
    """Remove the abandoned temporary files of one file, or of all files."""
    try:
        names = os.listdir(folder)
    except OSError:
        return  # the folder is missing or not readable
    for temporary in names:
        match = _TEMPORARY.fullmatch(temporary)
        if match is None or name not in (None, match["name"]):
            continue
        path = Path(folder, temporary)
        with suppress(OSError), abandoned(path) as is_abandoned:
            if is_abandoned:
                path.unlink()


@contextmanager
def abandoned(path: Path) -> Iterator[bool]:
    """Find out whether a file of :func:`new_file` is abandoned.

    The file is locked within the block, so that no other process finds it abandoned.

    Parameters
    ----------
    path : pathlib.Path
        A file of :func:`new_file`.

    Yields
    ------
    bool
        Whether no live process has locked the file. On file systems without locks:
        whether the file is older than a day.

    Raises
    ------
    OSError
        If the file cannot be opened for writing, or is not a regular file.
    """
    old = time.time() - path.lstat().st_mtime > _OLD
    if sys.platform == "win32":
        yield old
        return
    with open_regular(path, "r+b", follow_links=False) as file:
        try:
            free = try_lock(file)
        except OSError:
            free = old
        yield free


def open_regular(
    path: Path, mode: str = "rb", *, follow_links: bool = True
) -> IO[bytes]:
    """Open a regular file.

    Folders, pipes and devices are refused, because opening them may block forever.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    mode : {"rb", "r+b"}, default="rb"
        Mode of :func:`open`.
    follow_links : bool, default=True
        Whether `path` may be a link.

    Returns
    -------
    binary file object

    Raises
    ------
    OSError
        If the file is missing or not a regular file.
    """

    def opener(name: str, flags: int) -> int:
        # Two checks: opening a device may have an effect, and another process may
        # replace the file between the first check and the opening.
        _check_regular(os.stat(name, follow_symlinks=follow_links), path)
        flags |= getattr(os, "O_NONBLOCK", 0)
        flags |= 0 if follow_links else getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(name, flags)
        try:
            _check_regular(os.fstat(descriptor), path)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    return open(path, mode, opener=opener)


def _check_regular(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, _NOT_REGULAR, str(path))


def sync(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until the entries of a folder are on the disk, if the system allows it."""
    with suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Add the path and a remedy to errors of writing.

    Parameters
    ----------
    path : pathlib.Path
        The file that the block writes, or the folder of several files.

    Raises
    ------
    OSError
        The error of the block, with the same number and class.
    """
    try:
        yield
    except OSError as error:
        if not _is_of_writing(error, path):
            raise
        if error.errno in _FULL:
            remedy = "Free space on its disk, or write to another one"
        elif error.errno in _DENIED:
            remedy = "Get write permission there, or write to another folder"
        elif error.errno in _IN_THE_WAY or error.strerror == _NOT_REGULAR:
            remedy = "It is in the way: remove or rename it, or write to another folder"
        else:
            remedy = "Check its folder, or write to another one"
        if error.errno is None:
            raise OSError(f"{path} was not written: {error}. {remedy}.") from error
        # The number selects the class, such as PermissionError.
        reason = error.strerror or os.strerror(error.errno)
        where = path if error.filename is None else Path(os.fsdecode(error.filename))
        if _is_temporary(where, path):
            where = path
        raise OSError(error.errno, f"{reason}. {remedy}", str(where)) from error


def _is_of_writing(error: OSError, path: Path) -> bool:
    """Return whether an error comes from writing to `path`."""
    if type(error) is not type(OSError(error.errno, "")):
        return False  # a library's own subclass, with another meaning
    if isinstance(error.__cause__, OSError):
        return False  # explained already
    if error.filename is None:
        return error.errno in {None, errno.EIO} | _FULL | _DENIED
    if isinstance(error.filename, int):
        return False
    named = Path(os.fsdecode(error.filename))
    return (
        named in (path, *path.parents)
        or path in named.parents
        or _is_temporary(named, path)
    )


def _is_temporary(named: Path, path: Path) -> bool:
    """Return whether a file is a temporary file of `path`."""
    start = f".{path.name}.{_MARK}"
    return named.parent == path.parent and named.name.startswith(start)


def _lock(file: IO[bytes]) -> bool:
    """Lock a new file, and return whether it is locked."""
    try:
        return try_lock(file)
    except OSError:  # no locks on this file system; the age protects the file
        return True
