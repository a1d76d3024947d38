"""Find the image files below folders."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from cxrclf._utils.files import open_regular
from cxrclf._utils.user_warnings import warn_user
from cxrclf.datasets._folder_tree import FolderTree
from cxrclf.datasets._layout import (
    EXTENSIONS,
    check_extensions,
    format_names,
    unreadable_error,
)

# Formats of images and volumes that are not in EXTENSIONS, because Pillow needs a
# plugin or a newer version to read them, or cannot read them.
_IMAGE_TYPES = {
    *(".avif", ".dib", ".heic", ".heif", ".jxl", ".mha", ".mhd", ".nii", ".npy"),
    *(".npz", ".nrrd", ".pfm", ".tga"),
}
_DOCUMENTS = {
    *("", ".csv", ".doc", ".docx", ".htm", ".html", ".ini", ".ipynb", ".json"),
    *(".log", ".md", ".py", ".rtf", ".tsv", ".txt", ".xls", ".xlsx", ".xml"),
    *(".yaml", ".yml"),
}
_FEW = 0.05  # fraction of the files of a folder that may have other types

_PREFIX_AT, _PREFIX = 128, b"DICM"
_MASK_FOLDER = re.compile(
    r"((left|right|lungs?|infection|manual|binary)[ _-]?)?"
    r"(masks?|segmentations?|ground[ _-]?truths?)",
    re.IGNORECASE,
)


class FoundImages(NamedTuple):
    """Image files below folders, and the files that are left out.

    Attributes
    ----------
    paths : dict of str to list of str
        Paths of the images of each folder, sorted by their parts.
    left_out : dict of str to list of str
        Paths of the files and folders that are left out, by reason: "type", "hidden",
        "masks" and "repeated". Only reasons that occur are keys.
    twins : list of (str, str)
        Images of one folder with the same name, except for extension and case.
    """

    paths: dict
    left_out: dict
    twins: list


def is_mask_folder(name):
    """Return whether the name of a folder is common for masks."""
    return _MASK_FOLDER.fullmatch(name.strip()) is not None


def is_bare(name):
    """Return whether a name has no extension. The name may be a UID, such as 1.2.5."""
    return "." not in name or name.rpartition(".")[2].isdigit()


def find_images(folders, extensions=None, *, skip_masks=False, mask_folders=()):
    """Find the image files below folders.

    The order is the same on all operating systems. By default, files without an
    extension are images if they begin like a DICOM file. A UserWarning names other
    types of files that may be images.

    Parameters
    ----------
    folders : dict of str to Path
        Folders to search, by name.
    extensions : sequence of str, default=None
        Extensions of the images. By default all that `read_image` reads.
    skip_masks : bool, default=False
        Whether to leave out subfolders with names that are common for masks.
    mask_folders : collection of str, default=()
        Names of the folders with masks. A mask may belong to several images, so
        several links may point to one mask.

    Returns
    -------
    FoundImages
        Images of each folder, and the files that are left out.

    Raises
    ------
    OSError
        If a folder cannot be listed, or a link points to nothing.
    ValueError
        If a file is in two of the folders, through links.
    """
    endings = EXTENSIONS if extensions is None else check_extensions(extensions)
    trees = {
        name: FolderTree(folder, is_mask_folder if skip_masks else None)
        for name, folder in folders.items()
    }
    _check_trees(trees.values(), endings)
    images, left_out, lines = {}, _join_left_out(trees.values()), []
    for name, tree in trees.items():
        images[name], others = _select_images(tree, endings, extensions is None)
        left_out["type"] += others
        if extensions is None:
            lines += _describe_types(name, len(images[name]), others)
    left_out["repeated"] += _drop_repeated(images, mask_folders)
    paths = {
        name: sorted(files, key=lambda path: path.split(os.sep))
        for name, files in images.items()
    }
    if lines:
        warn_user(
            f"Files of other types are left out: {'; '.join(lines)}. If they are "
            "images, convert them to PNG. To leave them out without a warning, pass "
            "the extensions of the images in `extensions`."
        )
    left_out = {why: sorted(found) for why, found in left_out.items() if found}
    return FoundImages(paths, left_out, _find_twins(paths, endings))


def _check_trees(trees, endings):
    """Raise an error that names all unreadable folders or all broken links."""
    errors = {path: error for tree in trees for path, error in tree.errors.items()}
    if errors:
        raise unreadable_error(errors)
    broken = sorted(path for tree in trees for path in tree.broken)
    lost = [
        path
        for path in broken
        if _has_ending(path, endings) or is_bare(os.path.basename(path))
    ]
    if lost:
        raise_broken(lost)


def raise_broken(links):
    """Raise an error that names links to nothing, which may be images or folders."""
    raise FileNotFoundError(
        f"Links that point to no file or folder ({len(links)}): {format_names(links)}. "
        "Connect the disk or restore the files that they point to, or delete the links."
    )


def _join_left_out(trees):
    return {
        "type": [path for tree in trees for path in tree.special + tree.broken],
        "hidden": [path for tree in trees for path in tree.hidden],
        "masks": [path for tree in trees for path in tree.masks],
        "repeated": [path for tree in trees for path in tree.repeated],
    }


def _select_images(tree, endings, with_dicom):
    """Return the images of a tree with their inode numbers, and the other files."""
    images, others = {}, []
    for path, inode in tree.files.items():
        if _has_ending(path, endings) or (with_dicom and _is_bare_dicom(path)):
            images[path] = inode
        else:
            others.append(path)
    return images, others


def _has_ending(path, endings):
    # A few public data sets have names with a trailing blank, such as "1.jpg ".
    return path.rstrip().lower().endswith(endings)


def _is_bare_dicom(path):
    """Return whether a file without an extension is DICOM, such as IM000001."""
    name = os.path.basename(path)
    # DICOMDIR is the table of contents of a disk.
    if not is_bare(name) or name.upper() == "DICOMDIR":
        return False
    try:
        with open_regular(Path(path)) as file:
            return file.read(_PREFIX_AT + len(_PREFIX))[_PREFIX_AT:] == _PREFIX
    except OSError:
        return False


def _describe_types(name, n_images, others):
    """Describe files of other types that may be images, as a list of texts."""
    types = {}
    for path in others:
        suffix = os.path.splitext(path.rstrip())[1].lower()
        if suffix not in _DOCUMENTS:
            types[suffix] = types.get(suffix, 0) + 1
    n_others = sum(types.values())
    if n_others <= _FEW * (n_images + n_others) and not types.keys() & _IMAGE_TYPES:
        return []
    counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(types.items()))
    return [f"{counts} in {name!r}"]


def _drop_repeated(images, mask_folders):
    """Remove images that are the same file as another image, and return their paths.

    Files are the same if they are links to one file, or hard links.
    """
    # The inode numbers of a folder are free, but links have none. So if there are
    # links, the status of all files must be read.
    has_links = any(None in files.values() for files in images.values())
    seen, repeated, shared = {}, [], []
    for name, files in images.items():
        for path, inode in list(files.items()):
            first, owner = seen.setdefault(
                _identify(path) if has_links else inode, (path, name)
            )
            if first is path:
                continue
            identity = _identify(path)
            if identity is None:
                continue
            if identity != _identify(first):
                # A file on another device has the same inode number.
                first, owner = seen.setdefault(identity, (path, name))
                if first is path:
                    continue
            if owner in mask_folders and name in mask_folders:
                continue
            if owner == name:
                repeated.append(path)
                del files[path]
            else:
                shared.append(f"{first} = {path}")
    if shared:
        raise ValueError(
            f"Files that are in two folders, through links ({len(shared)}): "
            f"{format_names(shared)}. A file must belong to one class, and be either "
            "an image or a mask. Delete one of the links."
        )
    return repeated


def _identify(path):
    """Return numbers that only one file has, or None if there are none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    # Some network file systems give the same inode number to several files.
    size = status.st_size, status.st_mtime_ns
    return (status.st_dev, status.st_ino, *size) if status.st_ino else None


def _find_twins(paths, endings):
    twins = []
    for files in paths.values():
        seen = {}
        for path in files:
            key = path.rstrip().lower()
            if key.endswith(endings):
                key = os.path.splitext(key)[0]
            first = seen.setdefault(key, path)
            if first is not path:
                twins.append((first, path))
    return twins
