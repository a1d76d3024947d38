"""Losses of classification and segmentation, with a weight per sample."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.losses._mask_loss import MaskLoss, sum_of_dice
from cxrclf.losses._weighted_cross_entropy import WeightedCrossEntropy

__all__ = ["MaskLoss", "WeightedCrossEntropy", "sum_of_dice"]
