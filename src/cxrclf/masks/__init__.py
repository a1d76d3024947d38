"""Masks, from files and arrays, as the class numbers of their pixels."""

from cxrclf.masks._open_masks import Masks, open_masks
from cxrclf.masks._read_mask import check_mask_labels, read_mask

__all__ = ["Masks", "check_mask_labels", "open_masks", "read_mask"]
