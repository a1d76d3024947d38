"""Detect other folders in the place of class folders."""

import os
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from cxrclf._utils.user_warnings import warn_user
from cxrclf.datasets._find_images import is_mask_folder
from cxrclf.datasets._layout import format_extensions, format_names

_PART_WORDS = {
    *("train", "training", "trainset", "test", "testing", "testset", "val", "valid"),
    *("validation", "dev", "eval", "evaluation", "holdout"),
}
_OTHER_WORDS = {
    *("chest", "cxr", "data", "dataset", "folder", "image", "images", "img", "imgs"),
    *("new", "part", "set", "split", "stage", "subset", "x", "xray", "xrays", "ray"),
    "rays",
}
_IMAGE_FOLDERS = {"image", "images", "img", "imgs", "cxr", "cxr_png", "xray", "xrays"}
_VIEWS = {"ap", "pa", "ll", "l", "lateral", "frontal", "supine", "erect"}
_NUMBERED = re.compile(
    r"(images?|imgs?|data|dataset|archive|batch|chunk|part|folder|fold|split|set|case"
    r"|patients?|persons?|subject|study|series|p(?=\d\d))[ _-]*\d+",
    re.IGNORECASE,
)


class _Content(NamedTuple):
    """Content of a class folder.

    Attributes
    ----------
    n_direct : int
        Number of images directly in the class folder.
    subfolders : dict of str to bool
        Subfolders with images, and whether they have images in further subfolders.
    """

    n_direct: int
    subfolders: dict


def check_class_folders(folder, paths, extensions=None):
    """Check that class folders have images, and are not parts of a split or masks.

    The names of the folders and the places of the images decide.

    Parameters
    ----------
    folder : Path
        Folder with one subfolder per class.
    paths : dict of str to list of str
        Paths of the images of each class.
    extensions : sequence of str, default=None
        Parameter `extensions` of the loader, for an error message.

    Raises
    ------
    ValueError
        If the class folders are parts of a split with class folders of their own, or a
        folder of images and a folder of masks, or if a class folder has no images.

    Warns
    -----
    UserWarning
        If the class folders may be something else, if there is only one class, or if
        the names of two classes are almost equal.
    """
    contents = {
        name: _describe_content(files, len(str(folder / name)) + 1)
        for name, files in paths.items()
        if files
    }
    _check_parts(folder, contents)
    _check_masks(folder, paths)
    _check_empty(folder, [name for name in paths if name not in contents], extensions)
    _check_single(folder, contents)
    if not _check_numbered(folder, contents):
        _check_sources(folder, contents)
    _check_names(folder, contents)


def _describe_content(paths, start):
    n_direct, subfolders = 0, {}
    for path in paths:
        head, separator, tail = path[start:].partition(os.sep)
        if separator:
            subfolders[head] = subfolders.get(head, False) or os.sep in tail
        else:
            n_direct += 1
    return _Content(n_direct, subfolders)


def _is_part(name):
    """Return whether a name is common for a part of a split, such as train_images."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = set(re.findall(r"[^\W\d_]+", words))
    return bool(words & _PART_WORDS) and words <= _PART_WORDS | _OTHER_WORDS


def _check_parts(folder, contents):
    named = [name for name in contents if _is_part(name)]
    parts = [name for name in named if contents[name].subfolders]
    if len(parts) == 1:
        # A single name can also be a class with subfolders. In a part of a split, these
        # have the names of the classes beside it.
        others = {name.casefold() for name in contents if name not in named}
        below = {name.casefold() for name in contents[parts[0]].subfolders}
        parts = parts if not others or others & below else []
    if parts:
        _raise_parts(folder, parts)
    _check_parts_below(folder, contents)
    if named:
        warn_user(
            f"The class folders {format_names(named)} of {str(folder)!r} have names of "
            "parts of a split. If they are parts, pass a folder with one subfolder per "
            "class instead. If they are classes, rename them."
        )


def _check_parts_below(folder, contents):
    """Check that the class folders do not hold several parts of a split."""
    mixed = {}
    for name, content in contents.items():
        below = sorted(part for part in content.subfolders if _is_part(part))
        if len(contents) == 1 and any(content.subfolders[part] for part in below):
            _raise_parts(folder / name, below)
        if len(below) > 1:
            mixed[name] = below
    if mixed:
        name, below = next(iter(mixed.items()))
        warn_user(
            f"The class folders {format_names(list(mixed))} of {str(folder)!r} hold "
            f"parts of a split, which are listed together: {format_names(below)}. If "
            f"{name!r} is a class, select the rows of each part by their paths. If it "
            f"is a data set, pass one of its parts, such as "
            f"{str(folder / name / _train(below))!r}."
        )


def _train(parts):
    return next((name for name in parts if "train" in name.casefold()), parts[0])


def _raise_parts(folder, parts):
    raise ValueError(
        f"{str(folder)!r} holds parts of a split, not classes: {format_names(parts)}. "
        f"Pass one part, such as {str(folder / _train(parts))!r}."
    )


def _check_masks(folder, contents):
    masks = [name for name in contents if is_mask_folder(name)]
    images = [name for name in contents if name.strip().casefold() in _IMAGE_FOLDERS]
    if masks and images:
        raise ValueError(
            f"{str(folder)!r} holds images and masks, not classes: "
            f"{format_names(images + masks)}. Pass a folder with one subfolder per "
            f"class. In Python, load_image_masks({str(folder / images[0])!r}, "
            f"{str(folder / masks[0])!r}) lists images with their masks."
        )
    if masks:
        warn_user(
            f"The class folders {format_names(masks)} of {str(folder)!r} have names of "
            "folders of masks. If they hold masks, move them to another place. If they "
            "are classes, rename them. In Python, load_image_masks lists images with "
            "their masks."
        )


def _check_empty(folder, empty, extensions):
    if empty:
        noun = "folder" if len(empty) == 1 else "folders"
        raise ValueError(
            f"No image{format_extensions(extensions)} in the class {noun} "
            f"{format_names(empty)} of {str(folder)!r}. Remove folders that are no "
            "classes, or pass other extensions."
        )


def _check_single(folder, contents):
    """Warn of a single class folder that is perhaps no class."""
    ((name, content), *more) = contents.items()
    if more:
        return
    cure = None
    if not content.n_direct:
        below = format_names(sorted(content.subfolders))
        inner = str(folder / name)
        cure = f"If its subfolders {below} are the classes, pass {inner!r}."
    elif name.strip().casefold() in _IMAGE_FOLDERS:
        cure = (
            "If the classes are in a table, use Python: pass a data frame with the "
            "column 'path' to the estimator."
        )
    if cure:
        warn_user(f"{str(folder)!r} holds only one class folder, {name!r}. {cure}")


def _is_no_class(name):
    """Return whether a subfolder is a patient, a series or a view."""
    return _NUMBERED.fullmatch(name) or name.isdigit() or name.casefold() in _VIEWS


def _check_sources(folder, contents):
    """Warn if all class folders have the same subfolders."""
    below = {frozenset(content.subfolders) for content in contents.values()}
    if len(contents) < 2 or len(below) > 1 or len(min(below)) < 2:
        return
    if any(content.n_direct for content in contents.values()):
        return
    if any(map(_is_part, min(below))) or any(map(_is_no_class, min(below))):
        return
    first = str(folder / next(iter(contents)))
    warn_user(
        f"All class folders of {str(folder)!r} have the same subfolders: "
        f"{format_names(sorted(min(below)))}. If the subfolders are the classes, load "
        f"{first!r} and the other folders one by one."
    )


def _check_numbered(folder, contents):
    """Warn if all names are such as images_001, and return whether they are."""
    if len(contents) > 1 and all(map(_NUMBERED.fullmatch, contents)):
        warn_user(
            f"All class folders of {str(folder)!r} have numbered names: "
            f"{format_names(list(contents))}. If they are patients of one class, pass "
            "the folder above. If they are folds, load them one by one. If the classes "
            "are in a table, use Python: pass a data frame with the column 'path' to "
            "the estimator."
        )
        return True
    return False


def _check_names(folder, contents):
    alike = defaultdict(list)
    for name in contents:
        alike[unicodedata.normalize("NFKC", name).casefold().strip()].append(name)
    pairs = [" and ".join(map(repr, names)) for names in alike.values() if names[1:]]
    if pairs:
        warn_user(
            f"Classes of {str(folder)!r} differ only in case or blanks: "
            f"{'; '.join(pairs)}. If they are one class, put the images in one folder."
        )


def warn_twins(twins):
    """Warn of images with the same name.

    Parameters
    ----------
    twins : list of (str, str)
        Images of one folder with the same name, except for extension and case.
    """
    if twins:
        pairs = [f"{one} and {Path(two).name}" for one, two in twins]
        warn_user(
            f"Images with the same name except for case and extension ({len(pairs)}): "
            f"{format_names(pairs)}. If they show the same radiograph, delete one of "
            "each, because the two copies can be on different sides of a split."
        )
