"""Errors and warnings of cxrclf. Each message names the cause and the remedy."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = [
    "EngineWarning",
    "ImageReadError",
    "LabelWarning",
    "MissingDependencyError",
    "NoLungsWarning",
    "PatientLeakWarning",
    "PixelRangeWarning",
    "SmallSubgroupWarning",
    "UselessImagesError",
    "UselessImagesWarning",
    "WeightsError",
]

# Reason why a missing file cannot be read.
NO_SUCH_FILE = "no such file"


class EngineWarning(UserWarning):
    """Another engine computes a network than the requested or recorded one."""


class ImageReadError(ValueError):
    """Image files that cannot be read.

    One error names all unreadable files, so that a data set can be repaired at once.

    Parameters
    ----------
    failures : mapping of str to str
        Path of each unreadable file, and the reason.

    Attributes
    ----------
    failures : dict of str to str
        Path of each unreadable file, and the reason, in the order of the files.
    """

    _SHOWN = 20

    def __init__(self, failures: Mapping[str, str]):
        self.failures = dict(failures)
        n = len(self.failures)
        shown = list(self.failures.items())[: self._SHOWN]
        lines = [f"  {path}: {why}" for path, why in shown]
        if n > self._SHOWN:
            lines.append(
                f"  ... and {n - self._SHOWN} more (see the `failures` attribute)"
            )
        missing = [path for path, why in self.failures.items() if why == NO_SUCH_FILE]
        if 2 * len(missing) > n:
            lines.append(_describe_missing(missing))
        noun = "file" if n == 1 else "files"
        super().__init__(
            f"{n} image {noun} cannot be read. Repair or remove:\n" + "\n".join(lines)
        )

    def __reduce__(self):
        # By default an exception is unpickled from its message, not from `failures`.
        return type(self), (self.failures,)


def _describe_missing(paths: Iterable[str]) -> str:
    """Return a line that explains where missing files were sought."""
    address = next((path for path in paths if "://" in path), None)
    if address is not None:
        return f"{address!r} is an address. Download the files, and pass their paths."
    home = next((path for path in paths if path.startswith("~")), None)
    if home is not None:
        return f"{home!r} starts with '~'. Pass os.path.expanduser(path)."
    relative = [path for path in paths if not os.path.isabs(path)]
    if relative:
        with suppress(OSError):  # the working folder may be deleted
            return (
                f"The paths are relative to the working folder {os.getcwd()!r}. If the "
                "files are in another folder, pass os.path.join(folder, path)."
            )
    folders = {os.path.dirname(path) for path in paths}
    gone = sorted(folder for folder in folders if not os.path.isdir(folder))
    if not gone:
        return "Their folders exist. Check the names and extensions of the files."
    above = [*reversed(Path(gone[0]).parents), Path(gone[0])]
    folder = next(str(path) for path in above if not os.path.isdir(path))
    return f"The folder {folder!r} does not exist. Check the first part of the paths."


class LabelWarning(UserWarning):
    """Labels that may not be what they seem, or that training samples lack."""


class MissingDependencyError(ImportError):
    """An optional dependency that is needed but not installed."""


class NoLungsWarning(UserWarning):
    """Images without any lungs found, which stay unchanged."""


class PatientLeakWarning(UserWarning):
    """Patients that are in the training samples and in the test samples of a fold."""


class PixelRangeWarning(UserWarning):
    """Pixels outside the range that their type stands for, such as floats above 1."""


class SmallSubgroupWarning(UserWarning):
    """Subgroups with too few patients to compare their scores with others."""


class UselessImagesError(ValueError):
    """Generated images that would not help a classifier, by their measured quality."""


class UselessImagesWarning(UserWarning):
    """Generated images that would not help a classifier, by their measured quality."""


class WeightsError(ValueError):
    """Weights that are missing, cannot be read safely, or do not fit the network."""
