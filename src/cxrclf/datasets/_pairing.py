"""Pair images and masks by their names."""

from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

from cxrclf.datasets._layout import format_names

_NAMED = 20


class Pairing(NamedTuple):
    """Images with their masks, and files that do not pair.

    Attributes
    ----------
    images : list of str
        Images that have a mask in each folder, in the given order.
    masks : list of list of str
        Masks of these images, as one list per folder of masks.
    unmasked : list of str
        Images without a mask. If there are several folders of masks, with the folders
        where the mask is missing.
    orphans : list of str
        Masks without an image.
    duplicates : list of str
        Groups of files with the same name in one folder, which are ambiguous.
    """

    images: list
    masks: list
    unmasked: list
    orphans: list
    duplicates: list


def stem_key(path, suffix=""):
    """Return the key that pairs an image and its mask: the name without extension.

    Upper and lower case are the same, as in the file systems of Windows and macOS.
    `suffix` is removed from the end of the name.
    """
    # The last number of a UID such as 1.2.840.5 is not an extension.
    stem = path.name if path.suffix[1:].isdigit() else path.stem
    return stem.casefold().removesuffix(suffix.casefold())


def relative_key(root, suffix=""):
    """Return a function from a path to the subfolders below `root` and `stem_key`."""

    def key(path):
        folders = path.parent.relative_to(root).as_posix().casefold()
        return folders, stem_key(path, suffix)

    return key


def pair(images, mask_folders, image_key, mask_keys):
    """Pair images with one mask from each folder.

    Parameters
    ----------
    images : list of Path
        Images.
    mask_folders : dict of str to list of Path
        Masks of each folder. The keys name the folders in messages.
    image_key : callable
        Function from the Path of an image to the key that pairs it with its mask.
    mask_keys : list of callable
        Function from the Path of a mask to its key, for each folder of masks.

    Returns
    -------
    Pairing
        Paired images and masks, and the files that do not pair.
    """
    by_key, duplicates = _index_by_key(images, image_key)
    found = []
    orphans = []
    for masks, mask_key in zip(mask_folders.values(), mask_keys, strict=True):
        mask_of, more = _index_by_key(masks, mask_key)
        duplicates += more
        orphans += [str(path) for key, path in mask_of.items() if key not in by_key]
        found.append(mask_of)
    unmasked = []
    both = []
    for key, path in by_key.items():
        lacks = [
            name
            for name, mask_of in zip(mask_folders, found, strict=True)
            if key not in mask_of
        ]
        if not lacks:
            both.append(key)
        elif len(mask_folders) == 1:
            unmasked.append(str(path))
        else:
            unmasked.append(f"{path} (in {' and '.join(lacks)})")
    return Pairing(
        images=[str(by_key[key]) for key in both],
        masks=[[str(mask_of[key]) for key in both] for mask_of in found],
        unmasked=unmasked,
        orphans=orphans,
        duplicates=duplicates,
    )


def find_unpaired(images, pairing):
    """Return images without a mask and masks without an image, by reason.

    Parameters
    ----------
    images : list of path-like
        All images.
    pairing : Pairing
        Result of `pair`.

    Returns
    -------
    dict of str to list of str
        Paths for the attribute `left_out` of a data set.
    """
    paired = set(pairing.images)
    unmasked = [str(path) for path in images if str(path) not in paired]
    return {"without_mask": unmasked, "without_image": pairing.orphans}


def check_pairing(pairing, cure, *, allow_unmasked=False, allow_orphans=False):
    """Raise a ValueError that names all files that do not pair.

    Parameters
    ----------
    pairing : Pairing
        Result of `pair`.
    cure : str
        Last sentences of the message, which name the solution.
    allow_unmasked : bool, default=False
        Whether images without a mask are allowed, if any image has a mask.
    allow_orphans : bool, default=False
        Whether masks without an image are allowed, if any image has a mask.
    """
    # If nothing pairs at all, all files are named: the folders or names are wrong.
    allow_unmasked = allow_unmasked and bool(pairing.images)
    allow_orphans = allow_orphans and bool(pairing.images)
    kinds = {
        "images without a mask": [] if allow_unmasked else pairing.unmasked,
        "masks without an image": [] if allow_orphans else pairing.orphans,
        "files that share their name": pairing.duplicates,
    }
    lines = [
        f"  {kind} ({len(names)}): {format_names(names, _NAMED)}"
        for kind, names in kinds.items()
        if names
    ]
    if lines:
        raise ValueError(
            "Images and masks do not pair by name:\n" + "\n".join(lines) + f"\n{cure}"
        )


def check_disjoint(folders):
    """Raise a ValueError if two folders are the same or one lies in the other."""
    for a, b in combinations([folder.resolve() for folder in folders], 2):
        if a.is_relative_to(b) or b.is_relative_to(a):
            raise ValueError(
                f"{str(a)!r} and {str(b)!r} are one folder or lie in each other, so "
                "images would be listed as masks. Give folders beside each other."
            )


def _index_by_key(paths, key):
    """Return the first path of each key, and a text for each key with several paths."""
    by_key = defaultdict(list)
    for path in paths:
        by_key[key(path)].append(path)
    first = {key: found[0] for key, found in by_key.items()}
    duplicates = [
        " and ".join(str(path) for path in found)
        for found in by_key.values()
        if len(found) > 1
    ]
    return first, duplicates
