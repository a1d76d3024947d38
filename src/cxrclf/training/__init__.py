"""The one engine: device batches, augmentation, precision, skorch glue."""

from cxrclf.training._augmentation import Augmentation
from cxrclf.training._augmented_path import AugmentedPath
from cxrclf.training._banked_estimator import BankedEstimator
from cxrclf.training._estimator import ImageEstimator
from cxrclf.training._images import MaskedImages
from cxrclf.training._loss import WeightedCrossEntropy, training_weights

__all__ = [
    "Augmentation",
    "AugmentedPath",
    "BankedEstimator",
    "ImageEstimator",
    "MaskedImages",
    "WeightedCrossEntropy",
    "training_weights",
]
