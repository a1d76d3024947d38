"""Output of the commands: text on the standard output, and files."""

import os
import sys
from pathlib import Path


def print_text(text):
    """Print text, also if the reader of a pipe has gone.

    ``command | head`` closes the pipe early. The command then goes on without text, so
    that its exit status and its files are right.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_writable(path):
    """Refuse a path that cannot become a file, before the long work.

    Parameters
    ----------
    path : path-like
        File that will be written. Folders that do not exist will be made.

    Raises
    ------
    OSError
        If the path is a folder, or if its folder cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Pass the name of a file.")
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {folder} is a file.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path} cannot be written: {folder} is read-only.")
