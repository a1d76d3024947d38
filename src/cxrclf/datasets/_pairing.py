"""Which mask belongs to which image, by their names."""

from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

from cxrclf.datasets._layout import some

_NAMED = 20


class Pairing(NamedTuple):
    """Images with their masks, and what is left over.

    Attributes
    ----------
    images : list of str
        The images that have a mask in each folder, in the order given.
    masks : list of list of str
        For each folder of masks, the mask of each image.
    unmasked : list of str
        Images that lack a mask, with the folders where it is missing if there are
        several.
    orphans : list of str
        Masks without an image.
    twins : list of str
        Files that share their name, so that nobody can tell which one is meant.
    """

    images: list
    masks: list
    unmasked: list
    orphans: list
    twins: list


def stem_key(path, suffix=""):
    """Return what an image and its mask have in common: the name without ending.

    Upper and lower case are the same, as the file systems of Windows and macOS have
    it; `suffix` is taken off where the name has it.
    """
    return path.stem.casefold().removesuffix(suffix.casefold())


def relative_key(root, suffix=""):
    """Return `stem_key` with the folders between `root` and the file before it."""

    def key(path):
        folders = path.parent.relative_to(root).as_posix().casefold()
        return folders, stem_key(path, suffix)

    return key


def pair(images, mask_folders, image_key, mask_keys):
    """Pair images with one mask from each folder.

    Parameters
    ----------
    images : list of Path
        The images.
    mask_folders : dict of str to list of Path
        For each folder of masks, by what messages call it, the masks.
    image_key : callable
        Maps a Path to what an image and its mask have in common.
    mask_keys : list of callable
        The same for the masks of each folder.
    """
    by_key, twins = _unique(images, image_key)
    found = []
    orphans = []
    for masks, mask_key in zip(mask_folders.values(), mask_keys, strict=True):
        mask_of, more = _unique(masks, mask_key)
        twins += more
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
        twins=twins,
    )


def check_pairing(pairing, cure, *, unmasked_fine=False, orphans_fine=False):
    """Raise a ValueError that names every file that does not pair.

    Parameters
    ----------
    pairing : Pairing
        What was found.
    cure : str
        What to do, the end of the message.
    unmasked_fine, orphans_fine : bool, default=False
        Whether images without a mask, or masks without an image, are left out.
    """
    none = not pairing.images
    kinds = {
        "images without a mask": [] if unmasked_fine and not none else pairing.unmasked,
        "masks without an image": [] if orphans_fine and not none else pairing.orphans,
        "files that share their name": pairing.twins,
    }
    lines = [
        f"  {kind} ({len(names)}): {some(names, _NAMED)}"
        for kind, names in kinds.items()
        if names
    ]
    if lines:
        raise ValueError(
            "Images and masks do not pair by name:\n" + "\n".join(lines) + f"\n{cure}"
        )


def check_apart(folders):
    """Raise a ValueError when a folder is, or lies in, another one."""
    for a, b in combinations([folder.resolve() for folder in folders], 2):
        if a.is_relative_to(b) or b.is_relative_to(a):
            raise ValueError(
                f"{str(a)!r} and {str(b)!r} are one folder or lie in each other, so "
                "that images would be taken for masks. Give folders beside each other."
            )


def _unique(paths, key):
    """Return the first path of each key, and those that share one, for a message."""
    by_key = defaultdict(list)
    for path in paths:
        by_key[key(path)].append(path)
    first = {key: found[0] for key, found in by_key.items()}
    twins = [
        " and ".join(str(path) for path in found)
        for found in by_key.values()
        if len(found) > 1
    ]
    return first, twins
