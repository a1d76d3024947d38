"""Transformed copies of image files that exist as rows of X, not as files."""

from dataclasses import dataclass

from cxrclf.augmentation._augmentation import Augmentation


@dataclass(frozen=True, eq=False)
class AugmentedPath:
    """A transformed copy of an image file: a path that says how to read it.

    What a sampler puts into X. The estimators of this library transform the image once
    it is decoded; for anything else it is the path of the original file. The same
    image, augmentation, seed and copy give the same pixels wherever they are read, and
    whatever the other rows are.

    Parameters
    ----------
    path : str
        The image file.
    augmentation : Augmentation
        What the transformation is drawn from; no subclass, since the same parameters
        must stand for the same pixels.
    seed : int
        Of the drawing, in [0, 2**63).
    copy : int
        Number of the copy of this image, from 0: another copy is drawn anew.

    Raises
    ------
    TypeError
        If `augmentation` is anything else.

    Examples
    --------
    >>> import os
    >>> from cxrclf import Augmentation
    >>> from cxrclf.augmentation import AugmentedPath
    >>> os.fspath(AugmentedPath("scan.png", Augmentation(rotation=15), seed=0, copy=0))
    'scan.png'
    """

    path: str
    augmentation: Augmentation
    seed: int
    copy: int

    def __post_init__(self):
        if type(self.augmentation) is not Augmentation:
            raise TypeError(
                f"augmentation must be an Augmentation, got {self.augmentation!r}."
            )

    def __fspath__(self):
        return self.path

    def __str__(self):
        return self.path

    def __eq__(self, other):
        if not isinstance(other, AugmentedPath):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self):
        return hash(self._identity())

    def _identity(self):
        return self.path, describe(self.augmentation), self.seed, self.copy


def describe(augmentation):
    """Return text that is equal for equal augmentations."""
    return f"Augmentation{sorted(augmentation.get_params().items())}"
