"""What is known of the shape of an object, applied to a mask."""

import numpy as np
from scipy import ndimage


def clean_mask(codes, largest_components, fill_holes):
    """Keep the largest regions of each class, and fill the holes in them.

    Parameters
    ----------
    codes : ndarray of shape (H, W) of uint8
        Class numbers, 0 for the background.
    largest_components : int or None
        How many regions of a class stay; pixels that touch by their sides or corners
        are of one region. None keeps all.
    fill_holes : bool
        Whether background that a class encloses becomes that class.

    Returns
    -------
    ndarray of shape (H, W) of uint8
    """
    if largest_components is not None:
        kept = np.zeros_like(codes)
        for code in _present(codes):
            kept[_largest(codes == code, largest_components)] = code
        codes = kept
    if fill_holes:
        filled = codes.copy()
        for code in _present(codes):
            holes = ndimage.binary_fill_holes(codes == code) & (codes == 0)
            filled[holes] = code
        codes = filled
    return codes


def _present(codes):
    """Return the classes that are there, besides the background."""
    return np.unique(codes[codes > 0])


def _largest(region, n):
    numbers, n_found = ndimage.label(region, structure=np.ones((3, 3)))
    if n_found <= n:
        return region
    sizes = np.bincount(numbers.ravel())[1:]
    kept = np.argsort(-sizes, kind="stable")[:n] + 1
    return np.isin(numbers, kept)
