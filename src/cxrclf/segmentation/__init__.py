"""Segmentation of radiographs by a U-Net."""

import cxrclf._torch  # noqa: F401  first; see _torch/openmp.py
from cxrclf.segmentation._unet_segmenter import UNetSegmenter

__all__ = ["UNetSegmenter"]
