"""Random views of images, and transformed copies of image files."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.augmentation._augmentation import Augmentation
from cxrclf.augmentation._augmented_path import AugmentedPath
from cxrclf.augmentation._copies import Copies

__all__ = ["Augmentation", "AugmentedPath", "Copies"]
