"""Losses over classes and masks, with a weight per sample."""

from cxrclf.losses._mask_loss import MaskLoss
from cxrclf.losses._weighted_cross_entropy import WeightedCrossEntropy

__all__ = ["MaskLoss", "WeightedCrossEntropy"]
