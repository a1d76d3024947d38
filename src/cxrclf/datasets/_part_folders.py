"""List the class folders of a data set that is divided into parts."""

from cxrclf.datasets._class_folders import list_class_folders
from cxrclf.datasets._layout import EXTENSIONS, format_names, subfolders
from cxrclf.datasets._left_out import merge_left_out


def has_part_folders(folder, parts, classes):
    """Return whether a folder has class folders, or parts with class folders.

    Parameters
    ----------
    folder : Path
        Folder to look into.
    parts, classes : sequence of str
        Names of the parts and of the classes, in lower case.
    """
    below = {path.name.casefold(): path for path in subfolders(folder)}
    if below.keys() >= set(classes):
        return True
    return any(
        path.name.casefold() in classes
        for part in parts
        if part in below
        for path in subfolders(below[part])
    )


def list_part_folders(root, parts, needed, classes):
    """Return the class folders by part and class, and the entries that are none.

    Upper and lower case of the names of folders are the same.

    Parameters
    ----------
    root : Path
        Folder with the parts, or with the classes only.
    parts : sequence of str
        Names of the parts in lower case, in the order of the result.
    needed : set of str
        Parts that must be there.
    classes : sequence of str
        Names of the classes in lower case, sorted.

    Returns
    -------
    folders : dict of (str or None, str) to Path
        Class folders by part and class. The part is None if there are no parts.
    left_out : dict of str to list of str
        Paths of the other files and folders, by reason.

    Raises
    ------
    ValueError
        If a part or a class is missing, or if a part has other classes.
    """
    entries, left_out = list_class_folders(root, EXTENSIONS)
    found = {path: path.name.casefold() for path in entries.values()}
    found = {path: name for path, name in found.items() if name in parts}
    if not found:
        return _list_classes(root, None, entries, classes), left_out
    left_out["beside"] += [str(path) for path in entries.values() if path not in found]
    if not set(found.values()) >= needed or len(set(found.values())) < len(found):
        wanted = " and ".join(
            f"one folder {part!r}" for part in parts if part in needed
        )
        raise ValueError(
            f"{str(root)!r} must hold {wanted}; found "
            f"{format_names([path.name for path in found])}. Unpack the data set "
            "again. To list one part, pass its folder."
        )
    folders = {}
    for path in sorted(found, key=lambda path: parts.index(found[path])):
        below, others = list_class_folders(path, EXTENSIONS)
        folders |= _list_classes(path, found[path], below, classes)
        left_out = merge_left_out(left_out, others)
    return folders, left_out


def check_part_images(root, folders, files):
    """Raise a ValueError if a class folder has no images.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    folders : dict of (str or None, str) to Path
        Class folders, from `list_part_folders`.
    files : dict of (str or None, str) to list of str
        Images of each class folder.
    """
    empty = [str(folders[key].relative_to(root)) for key in files if not files[key]]
    if empty:
        raise ValueError(
            f"No image in {format_names(empty)} of {str(root)!r}. Unpack the data set "
            "again. To list one part, pass its folder."
        )


def _list_classes(folder, part, entries, classes):
    """Return the class folders of one part, by part and class."""
    names = [name.casefold() for name in entries]
    if sorted(names) != list(classes):
        raise ValueError(
            f"{str(folder)!r} must hold the folders {_join(classes)} only"
            f"{_describe_difference(entries, classes)}. If it is this data set, "
            "unpack it again. If it is another one, use load_image_folder."
        )
    return {
        (part, name): path
        for name, path in sorted(zip(names, entries.values(), strict=True))
    }


def _describe_difference(entries, classes):
    """Return which folders are missing, and which are too many, as text."""
    names = [name.casefold() for name in entries]
    missing = [name for name in classes if name not in names]
    others = [
        own
        for own, name in zip(entries, names, strict=True)
        if name not in classes or names.count(name) > 1
    ]
    text = ""
    if missing:
        text += f"; {_join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if others:
        text += f"; not expected: {format_names(others)}"
    return text


def _join(names):
    """Return names in quotation marks, with "and" before the last one."""
    *first, last = map(repr, names)
    return f"{', '.join(first)} and {last}" if first else last
