"""A private folder for pixels, shared by a process and its workers.

Importing this module does nothing. The first object that may need the folder
(:class:`UsesSession`) chooses a name that nobody can guess, and hands it on to worker
processes in an environment variable: they inherit the environment of the moment they
start in, and loky starts them once for many calls. Whichever process first needs the
folder makes it.
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

from cxrclf._utils.disk import open_or_create, reason, same_error
from cxrclf._utils.file_lock import try_lock
from cxrclf._utils.files import open_regular
from cxrclf._utils.forks import after_fork_in_child

_VARIABLE = "CXRCLF_SESSION_FOLDER"
_PREFIX = "cxrclf-session-"
_DEAD = "cxrclf-removed-"
_OWNER = ".owner"
_YOUNG = 60.0  # seconds in which a folder may exist before its owner has locked it
_TRIES = 100
_WAIT = 0.01  # seconds between them

_guard = threading.Lock()
_names: list[tuple[int, str]] = []  # of folders, and the processes that remove them
_held: tuple[Path, IO[bytes]] | None = None  # the folder, and the lock on its owner


def name_session() -> None:
    """Choose the name of the folder, unless this process has been given one."""
    if not _is_usable(os.environ.get(_VARIABLE)):
        os.environ[_VARIABLE] = _choose_name()


class UsesSession:
    """Base of classes whose objects share a folder with their copies in workers.

    When an object is made, the folder gets its name: workers that start later inherit
    it, also if they use the folder first.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        name_session()
        return super().__new__(cls)


def session_folder() -> Path:
    """Return the folder for files that live as long as the process.

    It is readable by its user alone, since pixels are patient data. The processes
    that this one starts find the same folder through an environment variable. The
    process that has chosen its name removes it at exit. The folders of killed
    processes are removed when the next session makes its folder.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    global _held
    with _guard:
        value = os.environ.get(_VARIABLE)
        if _held is None or str(_held[0]) != value or not _is_at(*_held):
            held = _enter_named(value) or _enter_new()
            if _held is not None:
                _held[1].close()
            _held = held
            # The whole path: a worker may have another folder for temporary files.
            os.environ[_VARIABLE] = str(held[0])
        return _held[0]


def _choose_name() -> str:
    name = _PREFIX + secrets.token_hex(16)
    _names.append((os.getpid(), name))
    return name


def _enter_named(value: str | None) -> tuple[Path, IO[bytes]] | None:
    """Enter the folder of the environment variable, unless it is not to be trusted."""
    if value and _is_usable(value):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.gettempdir(), value).absolute()
            return folder, _enter(folder)
    return None


def _is_usable(value: str | None) -> bool:
    """Whether this is the name or the path of a session's folder, or a private one.

    Nothing is opened.
    """
    folder = Path(value or "")
    ours = folder.name.startswith(_PREFIX)
    if not folder.is_absolute():
        return ours and folder.name == value
    try:
        return _is_private(folder)
    except OSError:
        return ours  # not made yet, or removed


def _enter_new() -> tuple[Path, IO[bytes]]:
    try:
        folder = Path(tempfile.gettempdir(), _choose_name()).absolute()
        return folder, _enter(folder)
    except OSError as error:
        raise temporary_error(error, "decoded images and features") from error


def temporary_error(error: OSError, what: str) -> OSError:
    """Return the error for something that finds no place among temporary files.

    Parameters
    ----------
    error : OSError
        What the system has reported.
    what : str
        What was to be kept there.

    Returns
    -------
    OSError
        Of the same number, with the folder and the remedy.
    """
    try:
        where = f"the temporary folder {tempfile.gettempdir()!r}"
    except OSError:
        where = "any temporary folder"
    return same_error(
        error,
        f"There is no place for {what} in {where}: {reason(error)}. Free space there, "
        "or set the environment variable TMPDIR, before Python starts, to a writable "
        "folder with room.",
    )


def _enter(folder: Path) -> IO[bytes]:
    """Make a folder, or find it made by another process; return its locked file."""
    for _ in range(_TRIES):
        made = _make(folder)
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            if not (made or _is_private(folder)):
                break
            return _lock(folder)
        time.sleep(_WAIT)  # another process is just removing it
    raise FileExistsError(f"{str(folder)!r} is not this user's alone")


def _make(folder: Path) -> bool:
    """Make a folder, unless it is there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    _remove_dead(folder.parent)
    return True


def _lock(folder: Path) -> IO[bytes]:
    """Declare a folder used for as long as the returned file is open."""
    owner = open_or_create(folder / _OWNER)
    try:
        try:
            free = try_lock(owner, shared=True)
        except OSError:  # without locks nobody removes it
            free = True
        if not free:
            raise BlockingIOError
        if not _is_at(folder, owner):
            raise FileNotFoundError
    except BaseException:
        owner.close()
        raise
    return owner


def _is_at(folder: Path, owner: IO[bytes]) -> bool:
    """Whether an open file still is that of the folder."""
    try:
        there = (folder / _OWNER).lstat()
    except OSError:
        return False
    return os.path.samestat(os.fstat(owner.fileno()), there)


def _is_private(folder: Path) -> bool:
    """Whether this is a folder, and no link, which only its user can enter."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if sys.platform == "win32":  # each user has a folder for temporary files
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _remove_dead(parent: Path) -> None:
    """Remove the folders that killed processes of this user have left behind."""
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
    """Rename a folder that no process uses, so that none begins to."""
    dead = folder.with_name(_DEAD + secrets.token_hex(16))
    if sys.platform == "win32":  # refuses if any file in it is open
        folder.rename(dead)
        return
    with open_regular(folder / _OWNER, "r+b", follow_links=False) as owner:
        mine = os.fstat(owner.fileno()).st_uid == os.geteuid()
        if mine and try_lock(owner):
            folder.rename(dead)


def _remove_named() -> None:
    """Remove the folders that this process has named, whoever has made them."""
    global _held
    # A forked child runs its parent's exit handlers.
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
    """Return where a worker may have made a folder that this process has not used."""
    # tempfile.gettempdir would write a file to try a folder out.
    named = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    return [path for path in (tempfile.tempdir, *named, "/tmp", "/var/tmp") if path]


def _renew_guard() -> None:
    global _guard
    _guard = threading.Lock()  # a thread of the parent may hold the other one


after_fork_in_child(_renew_guard)
atexit.register(_remove_named)
