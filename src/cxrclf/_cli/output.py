"""Output of the commands: text and JSON on the standard output, and files."""

import json
import os
import sys
from pathlib import Path

from cxrclf._utils.counts import format_count
from cxrclf._utils.files import replace_file


def print_text(text):
    """Print text, also if the reader of a pipe has gone.

    ``command | head`` closes the pipe early. The command then goes on without text, so
    that its exit status and its files are right. Characters that the output cannot
    encode are printed as escapes.
    """
    try:
        print(text, flush=True)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        print_text(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(values):
    """Print values as JSON.

    Parameters
    ----------
    values : dict
        JSON values, and arrays and numbers of NumPy. NaN and infinity become null,
        because JSON has no such numbers.
    """
    print_text(json.dumps(_as_json(values), indent=1))


def _as_json(value):
    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def write_text(path, text):
    """Write a text file completely or not at all, as UTF-8.

    Parts of file names that are no UTF-8 are written as the bytes that they are.
    """
    with replace_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "surrogateescape"))


def print_note(text):
    """Print a remark on the standard error output, where no program reads it."""
    print(text, file=sys.stderr, flush=True)


def print_failures(failures, n):
    """Name the files that could not be read on the standard error output.

    Parameters
    ----------
    failures : dict of str to str
        Path of each file, and the reason.
    n : int
        Number of all files.
    """
    if failures:
        lines = [f"  {path}: {why}" for path, why in failures.items()]
        what = f"{len(failures)} of {format_count(n, 'file')} cannot be read and "
        what += "is left out:" if len(failures) == 1 else "are left out:"
        print_note("\n".join([f"cxrclf: {what}", *lines]))


def check_writable(path, overwrite=False):
    """Refuse a path that cannot become a file, before the long work.

    Parameters
    ----------
    path : path-like
        File that will be written. Folders that do not exist will be made.
    overwrite : bool, default=False
        Whether the file may exist already.

    Raises
    ------
    OSError
        If the path is a folder, if the file exists already, or if its folder cannot be
        written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Pass the name of a file.")
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(
            f"{path} exists already. Pass another name, or --overwrite to replace it."
        )
    _check_above(path, path.absolute().parent)


def check_folder(path):
    """Refuse a path that cannot become a folder to write to, before the long work.

    Parameters
    ----------
    path : path-like
        Folder of new files. It is not made yet.

    Raises
    ------
    OSError
        If the path is a file, or if the folder cannot be made or written to.
    """
    path = Path(path)
    if os.path.lexists(path) and not path.is_dir():
        raise NotADirectoryError(f"{path} is a file. Pass the name of a folder.")
    _check_above(path, path.absolute())


def _check_above(path, folder):
    """Refuse a path below a folder that cannot be written to."""
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {folder} is a file.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path} cannot be written: {folder} is read-only.")
