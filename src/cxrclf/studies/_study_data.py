"""Names, classes and patients of the images of a study."""

import csv
from dataclasses import dataclass

import numpy as np

from cxrclf._utils.files import replace_file

# File names need not be valid UTF-8.
_TEXT = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}


@dataclass(frozen=True, eq=False)
class StudyData:
    """Names, classes and patients of the images of a study.

    Parameters
    ----------
    names : list of str
        Path of each file relative to their common folder, or "row 0", "row 1", ...
    y : ndarray of shape (n,) of str
        Class of each image.
    groups : ndarray of shape (n,) of str, or None, default=None
        Patient id of each image.
    """

    names: list[str]
    y: np.ndarray
    groups: np.ndarray | None = None

    def __len__(self):
        return len(self.names)

    def __repr__(self):
        patients = "" if self.groups is None else f", {len(set(self.groups))} patients"
        return f"<StudyData of {len(self)} images{patients}>"

    def to_csv(self, path):
        """Write one row per image: name, class and patient.

        Parameters
        ----------
        path : path-like
            File to write, completely or not at all.
        """
        columns = {"name": self.names, "class": self.y.tolist()}
        if self.groups is not None:
            columns["patient"] = self.groups.tolist()
        with (
            replace_file(path) as temporary,
            open(temporary, "w", **_TEXT) as file,
        ):
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))

    @classmethod
    def from_csv(cls, path):
        """Read the file of :meth:`to_csv`.

        Parameters
        ----------
        path : path-like
            File to read.

        Returns
        -------
        StudyData
        """
        with open(path, **_TEXT) as file:
            header, *rows = csv.reader(file)
        columns = dict(zip(header, zip(*rows, strict=True), strict=True))
        groups = columns.get("patient")
        return cls(
            list(columns["name"]),
            np.array(columns["class"]),
            None if groups is None else np.array(groups),
        )
