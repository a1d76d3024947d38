"""Lists of images of the study by Punn and Agarwal (2020)."""

import re
from pathlib import Path

from cxrclf.datasets._csv_table import read_csv_table
from cxrclf.datasets._layout import format_names

LISTS = {"train": "train.csv", "val": "validation.csv", "test": "test.csv"}

_CLASSES = {"0": "normal", "1": "covid", "2": "pneumonia", "3": "tuberculosis"}
_MONTGOMERY = re.compile(r"(mcucxr_\d{4})_[01]")
_RSNA = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HINT = "The lists are in the repository nspunn1993/COVID-19-PA-CXR-fused-dataset."


def read_punn_lists(root):
    """Read the lists of images, with all repetitions.

    Parameters
    ----------
    root : Path
        Folder with the lists.

    Returns
    -------
    list of dict
        One row per line, with the keys "filename", "stem" (in lower case), "target",
        "split", "source" and "id": name of the image, or of the patient in Montgomery.

    Raises
    ------
    FileNotFoundError
        If a list is missing.
    ValueError
        If a list has other columns or labels, or if an image has several labels.
    """
    lost = [name for name in LISTS.values() if not (root / name).is_file()]
    if lost:
        raise FileNotFoundError(
            f"No list {format_names(lost)} in {str(root)!r}. {_HINT}"
        )
    rows, labels, conflicts = [], {}, []
    for part, name in LISTS.items():
        for row in read_csv_table(root / name, ["filename", "label"], _HINT):
            if row["label"] not in _CLASSES:
                raise ValueError(
                    f"{str(root / name)!r} has the label {row['label']!r} of "
                    f"{row['filename']!r}; labels are 0, 1, 2 and 3. {_HINT}"
                )
            rows.append(_make_row(row, part))
            stem = rows[-1]["stem"]
            if labels.setdefault(stem, row["label"]) != row["label"]:
                conflicts.append(row["filename"])
    if conflicts:
        raise ValueError(
            f"Images with several labels in the lists of {str(root)!r} "
            f"({len(conflicts)}): {format_names(conflicts)}. {_HINT}"
        )
    return rows


def _make_row(row, part):
    path = Path(row["filename"])
    stem = path.stem.casefold()
    if match := _MONTGOMERY.fullmatch(stem):
        source, found = "montgomery", match[1].upper()
    # The collection of Cohen et al. has names of this form, but in upper case.
    elif _RSNA.fullmatch(path.stem) and row["label"] in ("0", "2"):
        source, found = "rsna", stem
    else:
        source, found = "cohen", stem
    return {
        "filename": row["filename"],
        "stem": stem,
        "target": _CLASSES[row["label"]],
        "split": part,
        "source": source,
        "id": found,
    }
