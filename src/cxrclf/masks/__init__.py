"""Masks from files and arrays, as the class number of each pixel."""

from cxrclf.masks._mask_codes import check_mask_labels, mask_codes
from cxrclf.masks._mask_input import MaskInput
from cxrclf.masks._masks import Masks
from cxrclf.masks._open_masks import open_masks
from cxrclf.masks._read_mask import read_mask
from cxrclf.masks._resize_masks import resize_masks

__all__ = [
    "MaskInput",
    "Masks",
    "check_mask_labels",
    "mask_codes",
    "open_masks",
    "read_mask",
    "resize_masks",
]
