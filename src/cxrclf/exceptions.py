"""Errors and warnings of cxrclf. Each message states the remedy."""

from collections.abc import Mapping

__all__ = [
    "ImageReadError",
    "MissingDependencyError",
    "NoLungsWarning",
    "PixelRangeWarning",
    "WeightsError",
]


class ImageReadError(ValueError):
    """One or more image files cannot be read.

    Every unreadable file is reported at once, so that one look at the message
    is enough to repair a data set.

    Parameters
    ----------
    failures : mapping of str to str
        For each unreadable file, its path and what is wrong with it.

    Attributes
    ----------
    failures : dict of str to str
        The same, in the order in which the files were given.
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
        return type(self), (self.failures,)


class MissingDependencyError(ImportError):
    """An optional dependency is needed and not installed."""


class NoLungsWarning(UserWarning):
    """Images in which no lungs were found were left as they are."""


class PixelRangeWarning(UserWarning):
    """Float pixels lie outside [0, 1], the range in which they are taken."""


class WeightsError(ValueError):
    """Weights cannot be found, cannot be read safely, or do not fit the network."""
