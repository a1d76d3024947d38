"""Find the images that the rows of a table name."""

import os
import unicodedata
from typing import NamedTuple

from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._layout import EXTENSIONS, format_names
from cxrclf.datasets._left_out import merge_left_out


class ListedImages(NamedTuple):
    """Rows of a table with their images.

    Attributes
    ----------
    rows : list of dict
        Rows with an image, in the order of the table.
    paths : list of str
        Path of the image of each row.
    left_out : dict of str to list of str
        Paths of the images that are left out, by reason.
    """

    rows: list
    paths: list
    left_out: dict


def check_missing(missing):
    """Raise a ValueError unless the parameter `missing` of a loader is valid."""
    if missing not in ("raise", "drop"):
        raise ValueError(f"missing must be 'raise' or 'drop'; got {missing!r}.")


def list_images(folder, rows, missing, *, bare=False, nested=False):
    """Find the image of each row in a folder.

    The case of names and blanks at their ends may differ between table and folder.

    Parameters
    ----------
    folder : Path
        Folder with the images.
    rows : list of dict
        Rows with the keys "filename"; "reason", which is the reason to leave an image
        out or None; "target" and "patient", by which rows of one image are compared.
    missing : {"raise", "drop"}
        What to do if there is no image for a row without a reason.
    bare : bool, default=False
        Whether the names in the table have no extension.
    nested : bool, default=False
        Whether the images may be in any subfolder, without its name in the table.

    Returns
    -------
    ListedImages
        Rows with their images, and the images that are left out.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or, with `missing` "raise", if images are missing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r}, which holds the images of the data "
            "set. Unpack the images beside the table."
        )
    found = find_images({"": folder}, EXTENSIONS)
    disk, unlisted = {}, []
    for path in found.paths[""]:
        name = os.path.basename(path) if nested else os.path.relpath(path, folder)
        key = _make_key(name, bare)
        if disk.setdefault(key, path) is not path:
            unlisted.append(path)
    usable, unusable = _merge_rows(rows)
    lost = [row for key, row in usable.items() if key not in disk]
    if missing == "raise":
        _check_lost(folder, [row["filename"] for row in lost], len(usable))
    left_out = {"missing": [str(folder / row["filename"]) for row in lost]}
    for key, (why, row) in unusable.items():
        path = disk.get(key, str(folder / row["filename"]))
        left_out.setdefault(why, []).append(path)
    named = usable.keys() | unusable.keys()
    unlisted += [path for key, path in disk.items() if key not in named]
    left_out["unlisted"] = sorted(unlisted)
    keys = [key for key in usable if key in disk]
    return ListedImages(
        [usable[key] for key in keys],
        [disk[key] for key in keys],
        merge_left_out(found.left_out, left_out),
    )


def _merge_rows(rows):
    """Return one row per image, and reasons with rows of images that are left out."""
    usable, unusable, conflicts = {}, {}, {}
    for row in rows:
        key = _fold(row["filename"])
        if row["reason"] is not None:
            unusable.setdefault(key, (row["reason"], row))
            continue
        first = usable.setdefault(key, row)
        if any(first[name] != row[name] for name in ("target", "patient")):
            conflicts[key] = ("conflict", first)
    unusable = {key: pair for key, pair in unusable.items() if key not in usable}
    usable = {key: row for key, row in usable.items() if key not in conflicts}
    return usable, unusable | conflicts


def _fold(name):
    # macOS writes "ü" as two characters in the names of files.
    name = unicodedata.normalize("NFC", os.path.normpath(name))
    return name.replace(os.sep, "/").strip().casefold()


def _make_key(name, bare):
    """Return the name of an image as the table writes it, in lower case."""
    return _fold(os.path.splitext(name.rstrip())[0] if bare else name)


def _check_lost(folder, lost, n_images):
    if lost:
        raise FileNotFoundError(
            f"{len(lost)} of {n_images} images of the table are not in "
            f"{str(folder)!r}: {format_names(lost)}. Download the set again, so that "
            "the table and the images have the same version. Or use "
            "missing='drop' to leave these images out."
        )
