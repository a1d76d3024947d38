"""Paths that stand for transformed copies of image files."""

from dataclasses import dataclass

from cxrclf.augmentation._augmentation import Augmentation


@dataclass(frozen=True, eq=False)
class AugmentedPath:
    """Path that stands for a transformed copy of an image file.

    A sampler adds such paths to X. The estimators of this library decode the file and
    then transform the image. Other code sees the path of the original file. The pixels
    depend only on the image, the augmentation, the seed and the copy, and not on other
    rows of X.

    Parameters
    ----------
    path : str
        Path of the image file.
    augmentation : Augmentation
        Distribution of the transformation. A subclass is refused, because equal
        parameters must mean equal pixels.
    seed : int
        Seed of the transformation, in [0, 2**63).
    copy : int
        Number of the copy of this image, from 0. Each copy has another transformation.

    Raises
    ------
    TypeError
        If `augmentation` is not an Augmentation.

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
                "augmentation must be an Augmentation, and not a subclass; got "
                f"{self.augmentation!r}."
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
    """Return the parameters of an augmentation as text, equal for equal parameters."""
    return f"Augmentation{sorted(augmentation.get_params().items())}"
