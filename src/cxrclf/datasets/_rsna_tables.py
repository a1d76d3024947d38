"""Tables of the RSNA pneumonia challenge."""

import json
import math

from cxrclf.datasets._csv_table import read_csv_table
from cxrclf.datasets._layout import format_names

LABELS = "stage_2_train_labels.csv"
CLASSES = "stage_2_detailed_class_info.csv"
MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"

_OPACITY = "Lung Opacity"
_NAMES = ("Lung Opacity", "No Lung Opacity / Not Normal", "Normal")
_BOX = ("x", "y", "width", "height")
_HINT = "The data set is stage 2 of the challenge, as published on Kaggle."


def read_rsna_tables(root):
    """Read the class and the boxes of each image from the two tables of the data set.

    Both tables have one row for each box. An image with several boxes has several rows.

    Parameters
    ----------
    root : Path
        Folder with the tables.

    Returns
    -------
    list of dict
        One row per image, in the order of the table of classes. The keys are those of
        `list_images`, with the image id as "patient", and "boxes": a list of the tuples
        (x, y, width, height).

    Raises
    ------
    FileNotFoundError
        If a table is missing.
    ValueError
        If a table has other columns, classes or values, or if the tables contradict
        each other. The message names the images.
    """
    _check_tables(root)
    names = _read_classes(root / CLASSES)
    targets, boxes = _read_boxes(root / LABELS)
    _refuse(
        f"images that are in one of the tables {CLASSES} and {LABELS} only",
        names.keys() ^ targets.keys(),
    )
    _refuse(
        f"images that are {_OPACITY!r} in {CLASSES} without Target 1 in {LABELS}, or "
        "the reverse",
        [key for key in names if (names[key] == _OPACITY) != targets[key]],
    )
    return [
        {
            "filename": key,
            "reason": None,
            "target": name,
            "patient": key,
            "boxes": boxes[key],
        }
        for key, name in names.items()
    ]


def read_rsna_patients(path):
    """Read the NIH patient of each image from the published mapping file.

    Parameters
    ----------
    path : Path
        JSON file: a list of objects with the keys `subset_img_id`, which is the image
        id, and `img_id`, which is the name of the NIH image, such as
        "00019124_092.png".

    Returns
    -------
    dict of str to str
        NIH patient, such as "00019124", for each image id.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file has another content.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"The file {str(path)!r} does not exist. Pass the path of {MAPPING}, which "
            "the RSNA publishes beside the data set."
        )
    try:
        rows = json.loads(path.read_bytes())
        pairs = {row["subset_img_id"]: row["img_id"].split("_")[0] for row in rows}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{str(path)!r} must be {MAPPING}: a list of objects with the keys "
            f"'subset_img_id' and 'img_id'; got {error!r}. Download it again."
        ) from error
    if not all(patient.isdigit() for patient in pairs.values()):
        strange = [name for name in pairs.values() if not name.isdigit()]
        raise ValueError(
            f"The names of images in {str(path)!r} must be like '00019124_092.png'; "
            f"they begin with {format_names(strange)}. Download the file again."
        )
    return pairs


def _check_tables(root):
    lost = [name for name in (LABELS, CLASSES) if not (root / name).is_file()]
    if lost:
        found = sorted(path.name for path in root.iterdir() if path.is_file())
        raise FileNotFoundError(
            f"No table {format_names(lost)} in {str(root)!r}; its files are: "
            f"{format_names(found) or 'none'}. Unpack the tables of the data set "
            "beside its folder of images. Stage 1 of the challenge is not read."
        )


def _read_classes(path):
    names = {}
    unknown, changed = set(), []
    for row in read_csv_table(path, ["patientid", "class"], _HINT):
        key, name = row["patientid"], row["class"]
        if name not in _NAMES:
            unknown.add(name)
        if names.setdefault(key, name) != name:
            changed.append(key)
    if unknown:
        raise ValueError(
            f"{str(path)!r} has unknown classes: {format_names(sorted(unknown))}. "
            f"Expected are {format_names(list(_NAMES))}. {_HINT}"
        )
    _refuse(f"images with several classes in {CLASSES}", changed)
    return names


def _read_boxes(path):
    """Return whether each image has an opacity, and its boxes without repetitions."""
    targets, boxes, wrong = {}, {}, []
    for row in read_csv_table(path, ["patientid", *_BOX, "target"], _HINT):
        key = row["patientid"]
        box = _parse_box(row)
        opacity = row["target"] == "1"
        known = row["target"] in ("0", "1") and opacity == (box is not None)
        if not known or targets.setdefault(key, opacity) != opacity:
            wrong.append(key)
        found = boxes.setdefault(key, [])
        if box is not None and box not in found:
            found.append(box)
    _refuse(
        f"images in {LABELS} with rows other than either one row with Target 0 and no "
        "box, or rows with Target 1 and a box",
        wrong,
    )
    return targets, boxes


def _parse_box(row):
    """Return a box as a tuple, or None if it is not complete."""
    try:
        box = tuple(float(row[name]) for name in _BOX)
    except ValueError:
        return None
    return box if all(map(math.isfinite, box)) and min(box[2:]) > 0 else None


def _refuse(what, keys):
    keys = sorted(set(keys))
    if keys:
        raise ValueError(f"{len(keys)} {what}: {format_names(keys)}. {_HINT}")
