"""Lungs found: a U-Net as an estimator of masks."""

from cxrclf.segmentation._unet_segmenter import UNetSegmenter

__all__ = ["UNetSegmenter"]
