"""Helpers to read and write folders of images."""

import os
from pathlib import Path

from cxrclf._utils.disk import copy_error
from cxrclf.datasets._folder_tree import is_data

# The formats that `read_image` reads with pydicom, and with the oldest supported Pillow
# without plugins. Formats without a use for radiographs are missing, such as icons.
EXTENSIONS = (
    *(".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe"),
    *(".jpeg", ".jpf", ".jpg", ".jpx", ".pbm", ".pcx", ".pgm", ".png", ".pnm"),
    *(".ppm", ".tif", ".tiff", ".webp"),
    *(".dcm", ".dic", ".dicom", ".ima"),
)

_SHOWN = 5
_DEPTH = 2


def format_names(names, shown=_SHOWN):
    """Format the first few of a list of names for a message."""
    text = ", ".join(repr(name) for name in names[:shown])
    more = len(names) - shown
    return text if more <= 0 else f"{text}, ... and {more} more"


def format_extensions(extensions):
    """Format the parameter `extensions` of a loader for a message."""
    return "" if extensions is None else f" ({', '.join(check_extensions(extensions))})"


def check_extensions(extensions):
    """Check file extensions and return them as a tuple in lower case."""
    if isinstance(extensions, str):
        extensions = [extensions]
    endings = tuple(sorted({str(ending).lower() for ending in extensions}))
    if not endings or not all(len(e) > 1 and e.startswith(".") for e in endings):
        raise ValueError(
            "extensions must be endings with their dot, such as ('.png', '.dcm'); "
            f"got {extensions!r}."
        )
    return endings


def check_folder(folder, wanted):
    """Check that a folder exists and return it as a Path.

    Parameters
    ----------
    folder : path-like
        Parameter of a loader.
    wanted : str
        Description of the expected folder, for the error message.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f"The folder {str(folder)!r} does not exist (working folder: "
            f"{str(Path.cwd())!r}). Check the path."
        )
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file. Give {wanted}.")
    try:
        with os.scandir(folder):
            return folder
    except OSError as error:
        raise unreadable_error({str(folder): error}) from error


def unreadable_error(errors):
    """Return an error that names folders that cannot be listed.

    Parameters
    ----------
    errors : dict of str to OSError
        Error of the system for each folder.
    """
    first = next(iter(errors.values()))
    named = [f"{path} ({error.strerror})" for path, error in sorted(errors.items())]
    return copy_error(
        first,
        f"Folders or links that cannot be read ({len(errors)}): {format_names(named)}. "
        "Change their permissions, or move them out of the data set.",
    )


def subfolders(folder):
    """Return the sorted subfolders that can be part of a data set."""
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and is_data(path.name)
    )


def find_root(folder, is_root, wanted):
    """Find the root folder of a data set, at `folder` or up to two levels below.

    Parameters
    ----------
    folder : path-like
        Parameter of a loader.
    is_root : callable
        Returns whether a folder (Path) is the root of the data set.
    wanted : str
        Name and content of the root folder, for the error messages.

    Returns
    -------
    Path
        Root folder of the data set.
    """
    folder = check_folder(folder, wanted)
    level = [folder]
    for _ in range(_DEPTH + 1):
        # Keys are resolved paths: a symbolic link to the data set is not a second one.
        found = {path.resolve(): path for path in level if is_root(path)}
        roots = list(found.values())
        if len(roots) == 1:
            return roots[0]
        if roots:
            raise ValueError(
                f"{str(folder)!r} holds several such data sets: "
                f"{format_names([str(root) for root in roots])}. Give one of them."
            )
        level = [below for path in level for below in subfolders(path)]
        level = [path for path in level if _can_list(path)]
    # If the user passed a folder inside the data set, the message names its root.
    near = [path for path in folder.resolve().parents[:_DEPTH] if _can_list(path)]
    above = next((path for path in near if is_root(path)), None)
    cure = "" if above is None else f" That is {str(above)!r}."
    raise ValueError(
        f"{str(folder)!r} is not the folder of the data set. Give {wanted}.{cure}"
    )


def _can_list(folder):
    return os.access(folder, os.R_OK | os.X_OK)
