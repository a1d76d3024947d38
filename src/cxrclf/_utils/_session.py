"""A private folder for pixels, shared by a process and its workers."""

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from cxrclf._utils._file_lock import try_lock

_VARIABLE = "CXRCLF_SESSION_FOLDER"
_PREFIX = "cxrclf-session-"
_OWNER = ".owner"
_YOUNG = 60.0  # seconds in which a folder may exist before its owner has locked it

_starting = threading.Lock()
_held: list[IO[bytes]] = []  # an open file is a held lock


def session_folder() -> Path:
    """Return the folder for files that live as long as the process.

    The process that first asks for it makes the folder, readable by its user
    alone (pixels are patient data), and removes it when it ends. Processes that it
    starts later find the same folder through an environment variable. Folders
    whose owners were killed are removed when the next session starts.

    Returns
    -------
    pathlib.Path
        An existing folder.
    """
    with _starting:
        inherited = os.environ.get(_VARIABLE)
        if inherited and os.path.isdir(inherited):
            return Path(inherited)
        _remove_dead()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # mode 0700
        owner = (folder / _OWNER).open("ab")
        with contextlib.suppress(OSError):  # without locks, age alone protects it
            try_lock(owner)
        _held.append(owner)
        os.environ[_VARIABLE] = str(folder)
        atexit.register(_remove, folder, os.getpid())
        return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child runs its parent's exit handlers
    while _held:
        _held.pop().close()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_dead() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            age = time.time() - folder.lstat().st_mtime
            if folder.is_symlink() or age < _YOUNG:
                continue
            with (folder / _OWNER).open("ab") as owner:
                dead = try_lock(owner)
        except OSError:
            continue  # another user's, or just removed by another process
        if dead:
            shutil.rmtree(folder, ignore_errors=True)
