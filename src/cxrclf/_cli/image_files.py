"""The image files that the arguments of a command stand for."""

import glob
import itertools
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cxrclf._cli.output import check_folder

FILES_HELP = (
    "image files, folders, or patterns such as 'scans/*.dcm'; a folder stands for all "
    "images in it and its subfolders; - reads one path per line from the standard input"
)
_PATTERN = re.compile(r"[*?\[]")
# An ending that names a format. The last part of a UID, such as 1.2.840.5, is none.
_EXTENSION = re.compile(r"\.(?!\d+$)[A-Za-z0-9]{1,5}$")


class ImageFile(NamedTuple):
    """An image file of a command.

    Attributes
    ----------
    path : str
        Path of the file, as it was given or found.
    name : str
        Path of the file within the folder that was given, or its file name.
    """

    path: str
    name: str


def find_image_files(arguments):
    """Return the image files that the arguments of a command stand for.

    Parameters
    ----------
    arguments : sequence of str
        Files, folders, patterns, or ``-`` for the lines of the standard input. Files
        need not exist: the reader of the images reports them.

    Returns
    -------
    list of ImageFile
        The files in the order of the arguments, each once.

    Raises
    ------
    ValueError
        If there is no file, if a pattern finds no file, or if a folder has no images.
    OSError
        If a folder cannot be listed.
    """
    from cxrclf.datasets import list_images

    paths = [path for argument in arguments for path in _expand(argument)]
    several = sum(map(os.path.isdir, paths)) > 1
    found = {}
    for path in paths:
        files = [ImageFile(path, os.path.basename(path))]
        if os.path.isdir(path):
            # With several folders, their names keep their images apart.
            above = Path(path).resolve().name if several else ""
            files = [
                ImageFile(image, os.path.join(above, os.path.relpath(image, path)))
                for image in list_images(path)[:, 0]
            ]
        for file in files:
            found.setdefault(os.path.abspath(file.path), file)
    if not found:
        raise ValueError("There is no image file. Pass files, folders or patterns.")
    return list(found.values())


def _expand(argument):
    """Return the paths of an argument: of a pattern, of the input, or itself."""
    if argument == "-":
        lines = (line.rstrip("\r\n") for line in sys.stdin)
        return [line for line in lines if line.strip()]
    if _PATTERN.search(argument) and not os.path.lexists(argument):
        found = sorted(glob.glob(os.path.expanduser(argument), recursive=True))
        if not found:
            raise ValueError(f"No file matches {argument!r}. Check the pattern.")
        return found
    return [argument]


def name_outputs(files, ending):
    """Return a name for an output file of each image file, without collisions.

    The name of ``scans/a.dcm`` is ``a.png``, or ``scans/a.png`` if a folder above was
    given. Files that would have the same name keep their extension, as in ``a.dcm.png``
    and ``a.jpg.png``. If that is not enough, they are numbered in their order. Upper
    and lower case are the same here, as on Windows.

    Parameters
    ----------
    files : list of ImageFile
    ending : str
        Extension of the output files, with the dot.

    Returns
    -------
    list of str
        Path of the output of each file, within the output folder.
    """
    short = [_EXTENSION.sub("", file.name) + ending for file in files]
    full = [file.name + ending for file in files]
    counts = _count(short)
    names = [
        own if counts[own.casefold()] == 1 else long
        for own, long in zip(short, full, strict=True)
    ]
    counts = _count(names)
    taken = {name for name, count in counts.items() if count == 1}
    for position, name in enumerate(names):
        if counts[name.casefold()] > 1:
            stem = name.removesuffix(ending)
            numbered = (f"{stem}_{number}{ending}" for number in itertools.count(1))
            free = next(own for own in numbered if own.casefold() not in taken)
            taken.add(free.casefold())
            names[position] = free
    return names


def _count(names):
    """Return how often each name occurs, in lower case."""
    return Counter(name.casefold() for name in names)


def check_outputs(files, outputs, folder, overwrite=False):
    """Refuse output files that would replace images or other files.

    Parameters
    ----------
    files : list of ImageFile
        Images that the command reads.
    outputs : list of path-like
        Files that the command will write.
    folder : path-like
        Folder of the output files.
    overwrite : bool, default=False
        Whether output files may exist already.

    Raises
    ------
    OSError
        If an output file is an image of `files`, if an output file exists already, or
        if the folder cannot be written to.
    """
    check_folder(folder)
    images = {os.path.realpath(file.path) for file in files}
    own = [output for output in outputs if os.path.realpath(output) in images]
    if own:
        raise FileExistsError(
            f"{own[0]} would replace an image that is read. Pass another folder."
        )
    existing = [output for output in outputs if os.path.lexists(output)]
    if existing and not overwrite:
        raise FileExistsError(
            f"{len(existing)} of {len(outputs)} output files exist already, such as "
            f"{existing[0]}. Pass another folder, or --overwrite to replace them."
        )
