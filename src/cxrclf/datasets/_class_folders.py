"""List the class folders of a folder."""

import os

from cxrclf.datasets._find_images import is_bare, raise_broken
from cxrclf.datasets._folder_tree import is_above, is_data
from cxrclf.datasets._layout import format_names


def list_class_folders(folder, endings):
    """Return the class folders of a folder, and the entries that are no classes.

    Parameters
    ----------
    folder : Path
        Folder with one subfolder per class.
    endings : tuple of str
        Extensions of images, for an error message.

    Returns
    -------
    classes : dict of str to Path
        Class folders in sorted order, by name.
    left_out : dict of str to list of str
        Paths of the other files and folders, by reason: "hidden", "beside" and
        "repeated".

    Raises
    ------
    OSError
        If a link points to nothing.
    ValueError
        If there is no class folder.
    """
    classes, broken, names = {}, [], []
    left_out = {"hidden": [], "beside": [], "repeated": []}
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = folder / entry.name
        if not is_data(entry.name):
            left_out["hidden"].append(str(path))
        elif not entry.is_symlink() and entry.is_dir():
            classes[entry.name] = path
        elif path.is_dir():
            if is_above(os.stat(path), folder / "class"):
                left_out["repeated"].append(str(path))
            else:
                classes[entry.name] = path
        elif entry.is_symlink() and not path.exists() and is_bare(path.name):
            broken.append(str(path))
        else:
            left_out["beside"].append(str(path))
            names.append(entry.name)
    if broken:
        raise_broken(broken)
    if not classes:
        images = [name for name in names if name.rstrip().lower().endswith(endings)]
        found = f"images such as {format_names(images)}, but " if images else ""
        cure = ""
        if images:
            cure = f" If {folder.name!r} is a class, pass the folder above it."
        raise ValueError(
            f"{str(folder)!r} holds {found}no class folders. The layout must be "
            f"<folder>/<class>/<image>, with one subfolder for each class.{cure}"
        )
    return classes, left_out
