"""Files that are written whole or not at all, and opened without surprises."""

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

_MARK = "cxrclf-"  # in the names of temporary files: others are the user's
_TEMPORARY = re.compile(rf"\.(?P<name>.+)\.{_MARK}[0-9a-f]{{16}}", re.DOTALL)
_OLD = 86400.0  # seconds after which a file that cannot be locked counts as abandoned
_TRIES = 10
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_REGULAR = "Not a regular file"


@contextmanager
def replaced_whole(
    path: str | os.PathLike[str], *, sweep: bool = True, durable: bool = False
) -> Iterator[Path]:
    """Give a temporary path that replaces `path` when the block ends well.

    Parameters
    ----------
    path : path-like
        The file to write. Its folder is made when missing.
    sweep : bool, default=True
        Whether to remove first what killed writers of `path` left. A caller that
        writes many files into a folder calls :func:`remove_abandoned` once instead.
    durable : bool, default=False
        Whether the file also survives a loss of power.

    Yields
    ------
    pathlib.Path
        An empty file in the same folder, to be written by the caller. On an error or a
        kill `path` keeps its former content.

    Raises
    ------
    OSError
        If the file cannot be written. The message names the path and the remedy.
    """
    path = Path(path)
    with explained_errors(path):
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
    """Create a file that counts as being written until the block ends.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    prefix, suffix : str
        Of the file's name. 16 random hexadecimal digits stand between them.

    Yields
    ------
    pathlib.Path
        An empty file. It stays, unless the caller moves or removes it.
    """
    create = os.O_CREAT | os.O_EXCL  # follows no link
    for attempt in range(_TRIES):
        path = folder / f"{prefix}{secrets.token_hex(8)}{suffix}"
        # Not tempfile.mkstemp: its files are readable by their owner alone, for good.
        with open(
            path, "r+b", opener=lambda p, flags: os.open(p, flags | create, 0o666)
        ) as file:
            if sys.platform == "win32":
                break  # an open file cannot be renamed: its age protects it
            # Between its creation and its lock another process may take the file for
            # abandoned. The last attempt is for file systems whose locks do not work.
            if (_lock(file) and path.exists()) or attempt == _TRIES - 1:
                yield path
                return
        path.unlink(missing_ok=True)
    yield path


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files that killed writers left in a folder.

    Files that a live process writes stay, and so does all that is no regular file.

    Parameters
    ----------
    folder : pathlib.Path
        Where :func:`replaced_whole` writes. It may be missing.
    """
    _remove_temporaries(folder, None)


def _remove_temporaries(folder: Path, name: str | None) -> None:
    """Remove abandoned temporary files: those of one file, or all."""
    try:
        names = os.listdir(folder)
    except OSError:
        return  # missing, or not to be read
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
    """Find out whether the writer of a file of :func:`new_file` is gone.

    Within the block no other process takes the file for abandoned.

    Parameters
    ----------
    path : pathlib.Path

    Yields
    ------
    bool
        Whether no live process holds it. Where there are no locks, whether it is older
        than a day.

    Raises
    ------
    OSError
        If the file cannot be opened for writing, or is no regular file.
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
    """Open a regular file; refuse folders, pipes and devices instead of waiting.

    Parameters
    ----------
    path : pathlib.Path
    mode : {"rb", "r+b"}, default="rb"
    follow_links : bool, default=True

    Returns
    -------
    binary file object

    Raises
    ------
    OSError
        If there is no such file, or it is not a regular one.
    """

    def opener(name: str, flags: int) -> int:
        # The status is looked at twice: opening a device may act on it, and the file
        # may have been exchanged before it was open.
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
    """Wait until a file's content is on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until a folder's entries are on the disk, where the system allows it."""
    with suppress(OSError):  # Windows opens no folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def explained_errors(path: Path) -> Iterator[None]:
    """Say in errors of writing which file or folder it is and what to do.

    Parameters
    ----------
    path : pathlib.Path
        The file that is written, or the folder of several.
    """
    try:
        yield
    except OSError as error:
        if not _is_of_writing(error, path):
            raise
        if error.errno in _FULL:
            remedy = "Free space on its disk, or write to another one"
        elif error.errno in _DENIED:
            remedy = "Get the right to write there, or write to another folder"
        elif error.errno in _IN_THE_WAY or error.strerror == _NOT_REGULAR:
            remedy = "It is in the way: remove or rename it, or write to another folder"
        else:
            remedy = "Check its folder, or write to another one"
        if error.errno is None:
            raise OSError(f"{path} was not written: {error}. {remedy}.") from error
        # Of this number's own class, such as PermissionError.
        reason = error.strerror or os.strerror(error.errno)
        where = path if error.filename is None else Path(os.fsdecode(error.filename))
        if _is_temporary(where, path):
            where = path
        raise OSError(error.errno, f"{reason}. {remedy}", str(where)) from error


def _is_of_writing(error: OSError, path: Path) -> bool:
    """Return whether an error comes from writing `path`, and not from elsewhere."""
    if type(error) is not type(OSError(error.errno, "")):
        return False  # of a library, with a meaning of its own
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
    """Return whether :func:`replaced_whole` has made this file for `path`."""
    start = f".{path.name}.{_MARK}"
    return named.parent == path.parent and named.name.startswith(start)


def _lock(file: IO[bytes]) -> bool:
    """Lock a new file; where there are no locks, its age protects it."""
    try:
        return try_lock(file)
    except OSError:
        return True
