"""File names of the radiographs of children by Kermany et al. (2018)."""

import re
from pathlib import Path

_NAMES = {
    "normal": re.compile(r"((?:NORMAL2-)?IM-\d+)-\d+(?:-\d+)*|NORMAL-(\d+)-\d+"),
    "pneumonia": re.compile(
        r"(person\d+_(?:bacteria|virus))_\d+(?:_\d+)*|(?:BACTERIA|VIRUS)-(\d+)-\d+"
    ),
}

#: Examples of the names of each class, for error messages.
NAME_FORMS = {
    "normal": "IM-0115-0001, NORMAL2-IM-0383-0001 or NORMAL-28501-0001",
    "pneumonia": "person1_bacteria_1, person80_virus_150 or VIRUS-355597-0002",
}


def get_patient(path, name):
    """Return the patient id in the name of a file, or None if the name does not fit.

    Numbers of patients restart for each cause in the first two versions of the data
    set. The id therefore contains the cause. The third version has one number per
    patient.

    Parameters
    ----------
    path : path-like
        Path of an image.
    name : {"normal", "pneumonia"}
        Class of the image.
    """
    match = _NAMES[name].fullmatch(Path(path).stem)
    return None if match is None else match[1] or match[2]


def get_cause(path):
    """Return "bacteria" or "virus" for an image with pneumonia, from its file name."""
    return "virus" if "virus" in Path(path).stem.lower() else "bacteria"
