"""Folder for the results of a run, new or of an earlier run."""

from pathlib import Path

from cxrclf._utils.files import remove_abandoned
from cxrclf._utils.user_warnings import warn_user
from cxrclf.images import find_paths
from cxrclf.studies._fit_result import write_json
from cxrclf.studies._study_results import SAME, StudyResults


def open_folder(out, X, description):
    """Make the folder of the results, or check that it has results of this study.

    Parameters
    ----------
    out : path-like
        Folder.
    X : array-like
        Images. Their folders are refused.
    description : dict
        Description of the run. It gets the networks and the seconds of earlier runs.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OSError
        If the folder cannot be made.
    ValueError
        If the folder has other files, or the results of another study.

    Warns
    -----
    UserWarning
        If the results were computed with other versions of the packages.
    """
    folder = Path(out)
    paths = find_paths(X)
    if paths is not None:
        for parent in {Path(path).resolve().parent for path in paths}:
            if folder.resolve() == parent:
                raise ValueError(f"out={str(out)!r} is a folder of the images.")
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"out={str(out)!r} is a file. Name a folder.")
    remove_abandoned(folder)
    if (folder / "study.json").exists():
        old = StudyResults.read_description(folder)
        if _is_same(folder, old, description):
            _join(folder, old, description)
            return folder
        # A run that ended before its first training: nothing is lost.
        (folder / "audit.json").unlink(missing_ok=True)
    elif folder.exists() and any(folder.iterdir()):
        raise ValueError(
            f"out={str(out)!r} has other files. Name an empty or a new folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "study.json", description)
    return folder


def _is_same(folder, old, new):
    """Return whether two runs are of the same study. If not, the old one is empty."""
    for key in SAME:
        if old[key] != new[key]:
            if not any(folder.glob("fits/*/*/fit.json")):
                return False
            raise ValueError(
                f"{folder} has other results: {_compare(key, old[key], new[key])}. "
                "Name another folder."
            )
    return True


def _compare(key, old, new):
    """Return the first difference between two runs, in words."""
    if key != "data":
        return f"their {key} is {old!r}, and now {new!r}"
    for part in ("images", "patients"):
        if old[part] != new[part]:
            before, now = (one[part] or "unknown" for one in (old, new))
            return f"they are of {before} {part}, and now of {now}"
    if old["classes"] != new["classes"]:
        return f"their classes are {old['classes']}, and now {new['classes']}"
    return "they are of other images, classes or patients"


def _join(folder, old, new):
    """Add the networks and the time of earlier runs of the same study."""
    if old["versions"] != new["versions"]:
        warn_user(
            f"{folder} has trainings of other versions: {old['versions']}. They are "
            "used. Name another folder to repeat them."
        )
    new["networks"] = old["networks"] | new["networks"]
    new["seconds"] = old["seconds"]
