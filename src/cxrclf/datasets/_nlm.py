"""What the Montgomery and Shenzhen sets of tuberculosis radiographs have in common."""

import re
from functools import partial
from pathlib import Path

import numpy as np

from cxrclf.datasets._clinical_reading import ClinicalReading, parse_reading
from cxrclf.datasets._layout import images_below, some
from cxrclf.datasets._pairing import check_pairing, pair, stem_key

SETS = {"MCUCXR": "montgomery", "CHNCXR": "shenzhen"}

_LABELS = {"0": "normal", "1": "tuberculosis"}
_STEM = re.compile(r"((MCUCXR|CHNCXR)_\d+)_([01])", re.IGNORECASE)


def nlm_images(root, prefixes):
    """Return the images of `root`/CXR_png, after a check of all their names.

    Parameters
    ----------
    root : Path
        Holds CXR_png.
    prefixes : set of str
        Which of `SETS` the images can belong to.
    """
    images = images_below(root / "CXR_png")
    strange = [
        str(p) for p in images if _parts(p) is None or _set_of(p) not in prefixes
    ]
    if strange or not images:
        found = f"other names ({len(strange)}): {some(strange, 20)}"
        forms = " or ".join(f"{prefix}_0001_0.png" for prefix in sorted(prefixes))
        raise ValueError(
            f"The images of {str(root / 'CXR_png')!r} must be named like {forms}, with "
            f"a last digit 0 or 1; {found if strange else 'there is none'}. "
            "load_montgomery reads MCUCXR, load_shenzhen CHNCXR, and "
            "load_montgomery_shenzhen both."
        )
    return images


def masked_nlm(images, mask_folder):
    """Return the images that have a lung mask, and the column of masks.

    Masks of Shenzhen have "_mask" in their names, those of Montgomery have not.
    """
    pairing = pair(
        images,
        {str(mask_folder): images_below(mask_folder)},
        stem_key,
        [partial(stem_key, suffix="_mask")],
    )
    check_pairing(
        pairing,
        "Lung masks are named like CHNCXR_0001_0_mask.png or MCUCXR_0001_0.png, one "
        "for an image. Give the folder that holds them and nothing else, and unpack "
        "images that are missing.",
        unmasked_fine=True,
    )
    return [Path(path) for path in pairing.images], {"mask": pairing.masks[0]}


def nlm_fields(root, images, *, with_source=False):
    """Return target, groups, sex and age of images, as arrays of shape (n,).

    Parameters
    ----------
    root : Path
        May hold ClinicalReadings.
    images : list of Path
        Of `nlm_images`.
    with_source : bool, default=False
        Whether to return which set each image is of, too.
    """
    readings = [_reading(root, path) for path in images]
    ids = [_parts(path)[1].upper() for path in images]
    patient = _patients(ids, [reading.same_as for reading in readings])
    fields = {
        "target": np.array([_LABELS[_parts(path)[3]] for path in images]),
        "groups": np.array([patient[id_] for id_ in ids]),
        "sex": np.array([reading.sex for reading in readings], dtype=object),
        "age": np.array([reading.age for reading in readings], dtype=float),
    }
    if with_source:
        fields["source"] = np.array([SETS[_set_of(path)] for path in images])
    return fields


def describe_nlm(name, images, fields, root):
    """Return the first sentence of a DESCR."""
    n_tb = int((fields["target"] == "tuberculosis").sum())
    return (
        f"{name}: {len(images)} radiographs, {len(images) - n_tb} normal and {n_tb} "
        f"with tuberculosis, of {len(set(fields['groups'].tolist()))} patients, in "
        f"{root}."
    )


def _parts(path):
    return _STEM.fullmatch(path.stem)


def _set_of(path):
    return _parts(path)[2].upper()


def _reading(root, path):
    file = root / "ClinicalReadings" / f"{path.stem}.txt"
    if not file.is_file():
        return ClinicalReading()
    return parse_reading(file.read_text(encoding="utf-8", errors="replace"))


def _patients(ids, same_as):
    """Map each id to the first id of its patient."""
    patient = {id_: id_ for id_ in ids}
    for id_, other in zip(ids, same_as, strict=True):
        if other is not None:
            one, two = patient[id_], patient.setdefault(other, other)
            joined = min(one, two)
            patient |= {k: joined for k, v in patient.items() if v in (one, two)}
    return patient
