"""Tables of ChestX-ray14 of the NIH."""

import re

from cxrclf.datasets._csv_table import read_csv_table
from cxrclf.datasets._layout import format_names

#: Names of the table, from the newest to the oldest, and of the sample on Kaggle.
TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv")
LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
FINDINGS = (
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion"),
    *("Emphysema", "Fibrosis", "Hernia", "Infiltration", "Mass", "Nodule"),
    *("Pleural_Thickening", "Pneumonia", "Pneumothorax"),
)
NO_FINDING = "No Finding"
BOXES = "BBox_List_2017.csv"

_COLUMNS = ("image_index", "finding_labels", "patient_id", "view_position")
_BOX = ("bbox_[x", "y", "w", "h]")  # the header is "Bbox [x,y,w,h]"
_ALIASES = {"Infiltrate": "Infiltration"}
_HINT = "The data set is ChestX-ray14, as published by the NIH or on Kaggle."
_AGE = re.compile(r"0*(\d+)([YMD]?)", re.IGNORECASE)
_YEARS = {"": 1.0, "Y": 1.0, "M": 1 / 12, "D": 1 / 365.25}


def find_nih_table(root):
    """Return the path of the newest table in a folder, or None."""
    return next((root / name for name in TABLES if (root / name).is_file()), None)


def read_nih_table(path):
    """Read the findings and the patient of each image.

    Parameters
    ----------
    path : Path
        One of the `TABLES`.

    Returns
    -------
    list of dict
        One row per image, with the keys of `list_images` and "findings" (list of str),
        "view", "sex", "age" (years) and "follow_up" (number of the image of a patient).

    Raises
    ------
    ValueError
        If the table has other columns, findings or numbers. The message names them.
    """
    rows, findings, numbers = [], set(), []
    for row in read_csv_table(path, _COLUMNS, _HINT):
        names = sorted(name.strip() for name in row["finding_labels"].split("|"))
        findings.update(names)
        patient, follow_up = row["patient_id"], row.get("follow-up_#", "")
        if not patient.isdigit() or not (follow_up or "0").isdigit():
            numbers.append(row["image_index"])
            continue
        rows.append(
            {
                "filename": row["image_index"],
                "reason": None,
                "target": "|".join(names),
                "patient": f"{int(patient):08d}",
                "findings": names,
                "view": row["view_position"] or None,
                "sex": row.get("patient_gender") or row.get("patient_sex") or None,
                "age": _parse_age(row.get("patient_age", "")),
                "follow_up": int(follow_up or 0),
            }
        )
    unknown = sorted(findings - {*FINDINGS, NO_FINDING})
    if unknown:
        raise ValueError(
            f"{str(path)!r} has unknown findings ({len(unknown)}): "
            f"{format_names(unknown)}. {_HINT}"
        )
    if numbers:
        raise ValueError(
            f"{str(path)!r} has no numbers as patients or follow-up of {len(numbers)} "
            f"images: {format_names(numbers)}. {_HINT}"
        )
    return rows


def read_nih_split(root, names):
    """Read the published lists of images of the parts.

    Parameters
    ----------
    root : Path
        Folder of the lists.
    names : list of str
        Names of images. Upper and lower case are the same.

    Returns
    -------
    list of str or None
        Part of each image, "train_val" or "test". None if the folder has no lists.

    Raises
    ------
    ValueError
        If one of the lists is missing, or if an image is in none or in both of them.
    """
    paths = {part: root / name for part, name in LISTS.items()}
    lost = [path.name for path in paths.values() if not path.is_file()]
    if len(lost) == len(paths):
        return None
    if lost:
        raise ValueError(
            f"{str(root)!r} has no {format_names(lost)}, but the list of the other "
            "part. Add the missing list, or remove the other one to read no split."
        )
    listed = {
        part: set(path.read_text(encoding="utf-8-sig").casefold().split())
        for part, path in paths.items()
    }
    parts, wrong = [], []
    for name in names:
        found = [part for part in LISTS if name.casefold() in listed[part]]
        parts += found[:1]
        if len(found) != 1:
            wrong.append(name)
    if wrong:
        raise ValueError(
            f"{len(wrong)} of {len(names)} images are not in exactly one of the lists "
            f"{format_names(list(LISTS.values()))}: {format_names(wrong)}. {_HINT}"
        )
    return parts


def read_nih_boxes(path):
    """Read the boxes around findings, which radiologists drew for some images.

    Parameters
    ----------
    path : Path
        File BBox_List_2017.csv.

    Returns
    -------
    dict of str to dict of str to list of tuple
        For each image, by its name in lower case, the boxes of each finding: (left,
        top, width, height) in pixels.

    Raises
    ------
    ValueError
        If the table has other columns, findings or numbers.
    """
    boxes, wrong = {}, []
    for row in read_csv_table(path, ["image_index", "finding_label", *_BOX], _HINT):
        name = _ALIASES.get(row["finding_label"], row["finding_label"])
        try:
            box = tuple(float(row[column]) for column in _BOX)
        except ValueError:
            box = None
        if box is None or name not in FINDINGS:
            wrong.append(row["image_index"])
        else:
            image = boxes.setdefault(row["image_index"].casefold(), {})
            image.setdefault(name, []).append(box)
    if wrong:
        raise ValueError(
            f"{str(path)!r} has {len(wrong)} rows without a known finding or with a "
            f"box that is not four numbers: {format_names(wrong)}. {_HINT}"
        )
    return boxes


def _parse_age(text):
    """Return an age in years, from "58" or "058Y", or NaN."""
    match = _AGE.fullmatch(text)
    if match is None:
        return float("nan")
    return int(match[1]) * _YEARS[match[2].upper()]
