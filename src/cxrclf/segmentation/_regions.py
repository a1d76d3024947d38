"""Clean masks: keep the largest regions, and fill holes."""

import numpy as np
from scipy import ndimage


def clean_mask(codes, largest_components, fill_holes):
    """Keep the largest regions of each class, and fill the holes in them.

    Parameters
    ----------
    codes : ndarray of shape (H, W) of uint8
        Class numbers, 0 for the background.
    largest_components : int or None
        Maximum number of regions per class. Pixels that touch at a side or a corner
        belong to one region. None keeps all regions.
    fill_holes : bool
        Whether background that a class encloses becomes part of the class.

    Returns
    -------
    ndarray of shape (H, W) of uint8
    """
    if largest_components is not None:
        kept = np.zeros_like(codes)
        for code in _find_classes(codes):
            kept[_find_largest(codes == code, largest_components)] = code
        codes = kept
    if fill_holes:
        filled = codes.copy()
        for code in _find_classes(codes):
            holes = ndimage.binary_fill_holes(codes == code) & (codes == 0)
            filled[holes] = code
        codes = filled
    return codes


def _find_classes(codes):
    """Return the classes in a mask, without the background."""
    return np.unique(codes[codes > 0])


def _find_largest(region, n):
    """Return the `n` largest connected regions of a mask of bool."""
    numbers, n_found = ndimage.label(region, structure=np.ones((3, 3)))
    if n_found <= n:
        return region
    sizes = np.bincount(numbers.ravel())[1:]
    # The sort is stable: of regions of equal size, the first one in the order of rows
    # is kept.
    kept = np.argsort(-sizes, kind="stable")[:n] + 1
    return np.isin(numbers, kept)
