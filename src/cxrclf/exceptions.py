"""Errors and warnings of cxrclf. Each message names the cause and the remedy."""

from collections.abc import Mapping

__all__ = [
    "ImageReadError",
    "LabelWarning",
    "MissingDependencyError",
    "NoLungsWarning",
    "PixelRangeWarning",
    "WeightsError",
]


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
        noun = "file" if n == 1 else "files"
        super().__init__(
            f"{n} image {noun} cannot be read. Repair or remove:\n" + "\n".join(lines)
        )

    def __reduce__(self):
        # By default an exception is unpickled from its message, not from `failures`.
        return type(self), (self.failures,)


class LabelWarning(UserWarning):
    """Labels that may not be what they seem, or that training samples lack."""


class MissingDependencyError(ImportError):
    """An optional dependency that is needed but not installed."""


class NoLungsWarning(UserWarning):
    """Images without any lungs found, which stay unchanged."""


class PixelRangeWarning(UserWarning):
    """Pixels outside the range that their type stands for, such as floats above 1."""


class WeightsError(ValueError):
    """Weights that are missing, cannot be read safely, or do not fit the network."""
