"""Random views of images, and image files with a transformation of their own."""

from cxrclf.augmentation._augmentation import Augmentation
from cxrclf.augmentation._augmented_path import AugmentedPath
from cxrclf.augmentation._copies import Copies

__all__ = ["Augmentation", "AugmentedPath", "Copies"]
