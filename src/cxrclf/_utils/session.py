"""A private temporary folder for pixels, shared by a process and its workers.

Importing this module does nothing. The first object of a :class:`UsesSession` chooses
a random name and stores it in an environment variable, so that worker processes inherit
it. This must happen before the first use of the folder: workers inherit the environment
at their start, and loky starts them once for many calls. The first process that needs
the folder creates it.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, Self

from cxrclf._utils.disk import copy_error, open_or_create, reason
from cxrclf._utils.file_lock import try_lock
from cxrclf._utils.files import open_regular
from cxrclf._utils.forks import after_fork_in_child

_VARIABLE = "CXRCLF_SESSION_FOLDER"
_PREFIX = "cxrclf-session-"
_DEAD = "cxrclf-removed-"
_OWNER = ".owner"
_YOUNG = 60.0  # age in seconds below which a folder may not be locked yet
_TRIES = 100
_WAIT = 0.01  # seconds between two tries

_guard = threading.Lock()
_names: list[tuple[int, str]] = []  # process ids and the folders that they remove
_held: tuple[Path, IO[bytes]] | None = None  # the folder and its locked owner file


def name_session() -> None:
    """Choose the name of the folder, unless the environment variable has a name."""
    if not _is_usable(os.environ.get(_VARIABLE)):
        os.environ[_VARIABLE] = _choose_name()


class UsesSession:
    """Base class of objects that use the session folder, also in worker processes.

    Creating an object chooses the name of the folder. Workers that start later inherit
    the name, even if they use the folder first.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        name_session()
        return super().__new__(cls)


def session_folder() -> Path:
    """Return the folder for files that are deleted when the process ends.

    Only the user can read the folder, because pixels are patient data. Worker processes
    find the same folder through an environment variable. The process that chose the
    name removes the folder at exit. The folders of killed processes are removed when
    the next session creates its folder.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    OSError
        If the folder cannot be created.
    """
    global _held
    with _guard:
        value = os.environ.get(_VARIABLE)
        if _held is None or str(_held[0]) != value or not _is_at(*_held):
            held = _enter_named(value) or _enter_new()
            if _held is not None:
                _held[1].close()
            _held = held
            # The full path, because a worker may use another temporary folder.
            os.environ[_VARIABLE] = str(held[0])
        return _held[0]


def _choose_name() -> str:
    name = _PREFIX + secrets.token_hex(16)
    _names.append((os.getpid(), name))
    return name


def _enter_named(value: str | None) -> tuple[Path, IO[bytes]] | None:
    """Lock the folder in the environment variable, if the folder is safe to use."""
    if value and _is_usable(value):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.gettempdir(), value).absolute()
            return folder, _enter(folder)
    return None


def _is_usable(value: str | None) -> bool:
    """Return whether a value names a session folder, or is the path of a private one.

    This check opens no file.
    """
    folder = Path(value or "")
    has_prefix = folder.name.startswith(_PREFIX)
    if not folder.is_absolute():
        return has_prefix and folder.name == value
    try:
        return _is_private(folder)
    except OSError:
        return has_prefix  # not created yet, or removed


def _enter_new() -> tuple[Path, IO[bytes]]:
    try:
        folder = Path(tempfile.gettempdir(), _choose_name()).absolute()
        return folder, _enter(folder)
    except OSError as error:
        raise temporary_error(error, "decoded images and features") from error


def temporary_error(error: OSError, what: str) -> OSError:
    """Return the error for data that cannot be stored in the temporary folder.

    Parameters
    ----------
    error : OSError
        The error of the system.
    what : str
        The data, for the message.

    Returns
    -------
    OSError
        An error with the same number and class. The message names the folder and the
        remedy.
    """
    try:
        where = f"the temporary folder {tempfile.gettempdir()!r}"
    except OSError:
        where = "any temporary folder"
    return copy_error(
        error,
        f"There is no place for {what} in {where}: {reason(error)}. Free space there, "
        "or set the environment variable TMPDIR, before Python starts, to a writable "
        "folder with enough space.",
    )


def _enter(folder: Path) -> IO[bytes]:
    """Create a folder if it is missing, lock it, and return its locked file."""
    for _ in range(_TRIES):
        made = _make(folder)
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            if not (made or _is_private(folder)):
                break
            return _lock(folder)
        time.sleep(_WAIT)  # another process is removing the folder right now
    raise FileExistsError(f"{str(folder)!r} is open to other users")


def _make(folder: Path) -> bool:
    """Create a folder, and return False if it exists already."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    _remove_dead(folder.parent)
    return True


def _lock(folder: Path) -> IO[bytes]:
    """Lock a folder against removal until the returned file is closed."""
    owner = open_or_create(folder / _OWNER)
    try:
        try:
            free = try_lock(owner, shared=True)
        except OSError:  # without locks no process removes the folder
            free = True
        if not free:
            raise BlockingIOError
        # Another process may have renamed the folder before the lock.
        if not _is_at(folder, owner):
            raise FileNotFoundError
    except BaseException:
        owner.close()
        raise
    return owner


def _is_at(folder: Path, owner: IO[bytes]) -> bool:
    """Return whether an open file is still the owner file of the folder."""
    try:
        status = (folder / _OWNER).lstat()
    except OSError:
        return False
    return os.path.samestat(os.fstat(owner.fileno()), status)


def _is_private(folder: Path) -> bool:
    """Return whether a path is a folder, not a link, that only this user can enter."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if sys.platform == "win32":  # each user has a separate temporary folder
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _remove_dead(parent: Path) -> None:
    """Remove the folders that killed processes of this user left behind."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # removed by another process
            if _is_private(folder) and _age(folder) > _YOUNG:
                _set_aside(folder)
    for folder in parent.glob(f"{_DEAD}*"):
        with contextlib.suppress(OSError):
            if _is_private(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    return time.time() - folder.lstat().st_mtime


def _set_aside(folder: Path) -> None:
    """Rename a folder that no process uses, so that no process can start to use it."""
    dead = folder.with_name(_DEAD + secrets.token_hex(16))
    if sys.platform == "win32":  # Windows refuses if a file in the folder is open
        folder.rename(dead)
        return
    with open_regular(folder / _OWNER, "r+b", follow_links=False) as owner:
        mine = os.fstat(owner.fileno()).st_uid == os.geteuid()
        if mine and try_lock(owner):
            folder.rename(dead)


def _remove_named() -> None:
    """Remove the folders with names from this process, also if a worker made them."""
    global _held
    # A forked child runs the exit handlers of its parent, and must not remove the
    # folder of its parent.
    names = [name for process, name in _names if process == os.getpid()]
    parents = {Path(parent) for parent in _temporary_folders()}
    if _held is not None:
        parents.add(_held[0].parent)
        _held[1].close()
        _held = None
    for parent in parents:
        for name in names:
            shutil.rmtree(parent / name, ignore_errors=True)


def _temporary_folders() -> list[str]:
    """Return the temporary folders in which a worker may have created a folder."""
    # tempfile.gettempdir would write a file to test a folder.
    named = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    return [path for path in (tempfile.tempdir, *named, "/tmp", "/var/tmp") if path]


def _renew_guard() -> None:
    global _guard
    _guard = threading.Lock()  # a thread of the parent may hold the old lock


after_fork_in_child(_renew_guard)
atexit.register(_remove_named)
