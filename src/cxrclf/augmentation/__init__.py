"""Random views of images, and transformed copies of image files."""

from cxrclf.augmentation._augmentation import Augmentation
from cxrclf.augmentation._augmented_path import AugmentedPath
from cxrclf.augmentation._copies import Copies

__all__ = ["Augmentation", "AugmentedPath", "Copies"]
