"""Helpers for the Montgomery and Shenzhen sets of tuberculosis radiographs."""

import re
from functools import partial
from pathlib import Path

import numpy as np

from cxrclf.datasets._clinical_reading import ClinicalReading, parse_reading
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._layout import format_names
from cxrclf.datasets._left_out import format_path
from cxrclf.datasets._pairing import check_pairing, find_unpaired, pair, stem_key

SETS = {"MCUCXR": "montgomery", "CHNCXR": "shenzhen"}

_LABELS = {"0": "normal", "1": "tuberculosis"}
_STEM = re.compile(r"((MCUCXR|CHNCXR)_\d+)_([01])", re.IGNORECASE)


def find_nlm_images(root, prefixes, mask_folders=()):
    """Find the images in `root`/CXR_png and the masks, and check names of images.

    Parameters
    ----------
    root : Path
        Folder with the subfolder CXR_png.
    prefixes : set of str
        Keys of `SETS` that may occur in the names.
    mask_folders : sequence of Path, default=()
        Folders of masks.

    Returns
    -------
    images : list of Path
        Images.
    masks : dict of str to list of Path
        Masks of each folder. The keys are the paths of the folders.
    left_out : dict of str to list of str
        Paths of the files that are left out, by reason.
    """
    folder = root / "CXR_png"
    names = [str(path) for path in mask_folders]
    found = find_images(
        {str(path): path for path in [folder, *mask_folders]}, mask_folders=names
    )
    images = list(map(Path, found.paths[str(folder)]))
    strange = [
        str(p)
        for p in images
        if _match_name(p) is None or _get_prefix(p) not in prefixes
    ]
    if strange or not images:
        found = f"other names ({len(strange)}): {format_names(strange, 20)}"
        forms = " or ".join(f"{prefix}_0001_0.png" for prefix in sorted(prefixes))
        raise ValueError(
            f"The images of {str(folder)!r} must be named like {forms}, with "
            f"a last digit 0 or 1; {found if strange else 'there is none'}. "
            "load_montgomery reads MCUCXR, load_shenzhen CHNCXR, and "
            "load_montgomery_shenzhen both."
        )
    masks = {name: list(map(Path, found.paths[name])) for name in names}
    return images, masks, found.left_out


def pair_nlm_masks(images, masks):
    """Return the images that have a lung mask, and the column of masks.

    The names of the Shenzhen masks end with "_mask". The names of the Montgomery masks
    have no suffix.

    Parameters
    ----------
    images : list of Path
        Images from `find_nlm_images`.
    masks : dict of str to list of Path
        Masks of one folder, from `find_nlm_images`.

    Returns
    -------
    images : list of Path
        Images with a mask.
    columns : dict of str to list of str
        Masks of these images, as the column "mask".
    left_out : dict of str to list of str
        Paths of the images without a mask, by reason.
    """
    pairing = pair(images, masks, stem_key, [partial(stem_key, suffix="_mask")])
    check_pairing(
        pairing,
        "The names of lung masks must be like CHNCXR_0001_0_mask.png or "
        "MCUCXR_0001_0.png, with one mask per image. Pass a folder with lung masks "
        "only, and unpack missing images.",
        allow_unmasked=True,
    )
    return (
        list(map(Path, pairing.images)),
        {"mask": pairing.masks[0]},
        find_unpaired(images, pairing),
    )


def read_nlm_fields(root, images, *, with_source=False):
    """Return target, groups, sex and age of images, as arrays of shape (n,).

    Parameters
    ----------
    root : Path
        Folder of the data set. It may have the subfolder ClinicalReadings.
    images : list of Path
        Images from `find_nlm_images`.
    with_source : bool, default=False
        Whether to also return the data set of each image.
    """
    readings = [_read_reading(root, path) for path in images]
    ids = [_match_name(path)[1].upper() for path in images]
    patient = _merge_patients(ids, [reading.same_as for reading in readings])
    fields = {
        "target": np.array([_LABELS[_match_name(path)[3]] for path in images]),
        "groups": np.array([patient[id_] for id_ in ids]),
        "sex": np.array([reading.sex for reading in readings], dtype=object),
        "age": np.array([reading.age for reading in readings], dtype=float),
    }
    if with_source:
        fields["source"] = np.array([SETS[_get_prefix(path)] for path in images])
    return fields


def describe_nlm(name, images, fields, root):
    """Return the first sentence of `DESCR`."""
    n_tb = int((fields["target"] == "tuberculosis").sum())
    return (
        f"{name}: {len(images)} radiographs, {len(images) - n_tb} normal and {n_tb} "
        f"with tuberculosis, of {len(set(fields['groups'].tolist()))} patients, in "
        f"{format_path(root)}."
    )


def _match_name(path):
    return _STEM.fullmatch(path.stem)


def _get_prefix(path):
    return _match_name(path)[2].upper()


def _read_reading(root, path):
    """Return the clinical reading of an image, empty if there is no text file."""
    file = root / "ClinicalReadings" / f"{path.stem}.txt"
    if not file.is_file():
        return ClinicalReading()
    return parse_reading(file.read_text(encoding="utf-8", errors="replace"))


def _merge_patients(ids, same_as):
    """Map each id to the smallest id of the same patient."""
    patient = {id_: id_ for id_ in ids}
    for id_, other in zip(ids, same_as, strict=True):
        if other is not None:
            one, two = patient[id_], patient.setdefault(other, other)
            # Merge both groups, also if they already have several images.
            first = min(one, two)
            patient |= {k: first for k, v in patient.items() if v in (one, two)}
    return patient
