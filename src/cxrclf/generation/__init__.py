"""Generators of images, and measures of the quality of generated images."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.generation._cyclegan_generator import CycleGANGenerator

__all__ = ["CycleGANGenerator"]
