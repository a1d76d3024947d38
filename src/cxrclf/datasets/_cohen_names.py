"""Patients of images from the COVID-19 image data collection, by their file names."""

import re
from pathlib import Path

from cxrclf.datasets._csv_table import read_csv_table

_HINT = "Pass metadata.csv of ieee8023/covid-chestxray-dataset."
_CASES = (
    re.compile(r"(\d{5})_\d+_\d+"),  # case of Eurorad, with the number of the image
    re.compile(r"([0-9a-f]{32})-[0-9a-f]{4}-\d+"),
    re.compile(r"(covid-19-pneumonia-\d+)\b.*"),  # case of Radiopaedia
    re.compile(r"(\d+_20\d\d_\d+)_fig.*"),  # article of Springer
)
# Last words of a name that number the images of a publication, or describe the view.
_IMAGE = re.compile(
    r"\d{0,4}[a-z]?\d?|day\d*|fig\w*|gr\d+[a-z]?|f\d+[a-z]?|fx\d+|g\d{3}|lrg|html|webp|"
    r"main|pdf|pa|ap|left|right|annot|original|jumbo|on|admission|prior|hours|days"
)


def read_cohen_patients(path):
    """Read the patient of each image from the table of the collection.

    Parameters
    ----------
    path : Path
        File metadata.csv.

    Returns
    -------
    dict of str to str
        Patient of each file name in lower case.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the table has other columns.
    """
    if not path.is_file():
        raise FileNotFoundError(f"The file {str(path)!r} does not exist. {_HINT}")
    rows = read_csv_table(path, ["patientid", "filename"], _HINT)
    return {
        row["filename"].casefold(): row["patientid"] for row in rows if row["patientid"]
    }


def get_publication(path):
    """Return the publication or the case of an image, from its file name.

    The images of one patient come from one publication. A publication may have several
    patients, who then stay together. Some names are random and have no publication.

    Parameters
    ----------
    path : path-like
        Path of an image.

    Returns
    -------
    str
        Name of the file in lower case without the words that number the images of a
        publication or a case.
    """
    name = Path(path).stem.casefold()
    for case in _CASES:
        if match := case.fullmatch(name):
            return match[1]
    words = [
        word for word in re.split(r"[-_.]", name) if not re.fullmatch("[a-z]", word)
    ]
    while len(words) > 1 and _IMAGE.fullmatch(words[-1]):
        del words[-1]
    # In "case2a", the letter counts the images.
    words[-1:] = [re.sub(r"(?<=\d)[a-z]$", "", word) for word in words[-1:]]
    return "-".join(words) or name
