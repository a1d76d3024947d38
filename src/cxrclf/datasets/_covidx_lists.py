"""Lists of images of COVIDx."""

import re

from cxrclf.datasets._layout import format_names

PARTS = ("train", "val", "test")

_NAME = re.compile(r"(train|val|test)(?:_(.+))?\.txt", re.IGNORECASE)
_VERSION = re.compile(r"^covidx_?", re.IGNORECASE)
# Patient ids and file names may contain blanks: "COVID 305 COVID(305).png COVID-19".
_LINE = re.compile(
    r"(?P<patient>.+?)\s+(?P<filename>\S+(?: \(\d+\))?\.[a-z]+)\s+"
    r"(?P<target>normal|pneumonia|viral|bacteria|covid-19|positive|negative)"
    r"(?:\s+(?P<source>\S+))?",
    re.IGNORECASE,
)
_FIGURE1 = re.compile(r"(covid-\d+)[a-z]", re.IGNORECASE)
_TYPING_ERRORS = {"rnsa": "rsna"}


def find_covidx_lists(root):
    """Find the lists of images in the folder of the data set or in its folder labels.

    Parameters
    ----------
    root : Path
        Folder of the data set.

    Returns
    -------
    dict of str to dict of str to Path
        List of each part, "train", "val" or "test", by version. The version of
        ``train_COVIDx9A.txt`` is "9A", and the version of ``train.txt`` is "".
    """
    versions = {}
    for folder in (root, root / "labels"):
        for path in sorted(folder.glob("*.txt")):
            if match := _NAME.fullmatch(path.name):
                version = _VERSION.sub("", match[2] or "")
                lists = versions.setdefault(version, {})
                lists.setdefault(match[1].lower(), path)
    return versions


def choose_covidx_lists(root, version):
    """Return the lists of one version, by part.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    version : str or None
        Version, such as "9A". None stands for the lists without a version in their
        names or, if there are none, for the only version.

    Returns
    -------
    dict of str to Path

    Raises
    ------
    ValueError
        If there are no lists of the version, or if there are several versions and
        `version` is None.
    """
    versions = find_covidx_lists(root)
    known = {name.casefold(): lists for name, lists in versions.items()}
    wanted = "" if version is None else str(version).casefold()
    if version is None and "" not in known and len(known) == 1:
        (wanted,) = known
    if wanted in known:
        found = known[wanted]
        return {part: found[part] for part in PARTS if part in found}
    shown = format_names(sorted(filter(None, versions)), 20) or "none"
    if version is None:
        raise ValueError(
            f"{str(root)!r} has lists of several versions: {shown}. Pass one of them "
            "as version."
        )
    raise ValueError(
        f"version={version!r}: there is no list such as train_COVIDx{version}.txt in "
        f"{str(root)!r} or its folder labels. The versions are: {shown}."
    )


def read_covidx_list(path):
    """Read a list of images.

    Parameters
    ----------
    path : Path
        Text file with one image per line: patient, file name, class and, in newer
        versions, the source, with blanks between them.

    Returns
    -------
    list of dict
        One row per image, with the keys of `list_images` and "source", which is None
        in older versions. Ids of patients begin with the source, because the sources
        use the same numbers.

    Raises
    ------
    ValueError
        If a line has another form, or if there is no line.
    """
    rows, strange = [], []
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            strange.append(line.strip())
        else:
            rows.append(_make_row(match))
    if strange or not rows:
        lines = f"; other lines ({len(strange)}): {format_names(strange)}"
        raise ValueError(
            f"The lines of {str(path)!r} must be patient, file name, class and source, "
            "such as '2 lancet-case2a.jpg COVID-19 cohen'"
            f"{lines if strange else '; the file is empty'}. Download the lists from "
            "the repository COVID-Net again. Its lists of the severity are not read."
        )
    return rows


def _make_row(match):
    source = match["source"] and match["source"].lower()
    source = _TYPING_ERRORS.get(source, source)
    patient = match["patient"]
    if source == "fig1":
        # A letter counts the images of a patient.
        patient = _FIGURE1.sub(r"\1", patient)
    target = match["target"]
    return {
        "filename": match["filename"],
        "reason": None,
        "target": "COVID-19" if target.lower() == "covid-19" else target.lower(),
        "patient": f"{source}/{patient}" if source else patient,
        "source": source,
    }
