"""Samplers for imbalanced-learn pipelines, and training in balanced phases."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.sampling._augmented_over_sampler import AugmentedOverSampler
from cxrclf.sampling._generative_over_sampler import GenerativeOverSampler
from cxrclf.sampling._image_generator import ImageGenerator
from cxrclf.sampling._image_sampler import ImageSampler
from cxrclf.sampling._phase_plan import PhasePlan
from cxrclf.sampling._phased_balanced_split import PhasedBalancedSplit
from cxrclf.sampling._phased_classifier import PhasedClassifier

__all__ = [
    "AugmentedOverSampler",
    "GenerativeOverSampler",
    "ImageGenerator",
    "ImageSampler",
    "PhasePlan",
    "PhasedBalancedSplit",
    "PhasedClassifier",
]
