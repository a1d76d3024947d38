"""Generators of images, and measures of the quality of generated images."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.generation._cyclegan_generator import CycleGANGenerator
from cxrclf.generation._elastic_generator import ElasticGenerator
from cxrclf.generation._generation_quality import generation_quality
from cxrclf.generation._mixup_generator import MixupGenerator
from cxrclf.generation._quality_scores import GenerationQuality
from cxrclf.generation._translation_display import TranslationDisplay

__all__ = [
    "CycleGANGenerator",
    "ElasticGenerator",
    "GenerationQuality",
    "MixupGenerator",
    "TranslationDisplay",
    "generation_quality",
]
