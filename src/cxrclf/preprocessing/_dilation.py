"""Discs whose radius is a fraction of the image's side, and dilation with them."""

from scipy import ndimage


def to_pixels(fraction, shape):
    """Return a fraction of an image's shorter side in whole pixels.

    Parameters
    ----------
    fraction : float
    shape : tuple of int
        Of images; height and width are its last two.
    """
    return round(fraction * min(shape[-2:]))


def dilate(mask, radius):
    """Dilate a mask by a disc.

    The time does not depend on the radius: a pixel belongs to the result where its
    distance to the mask is at most the radius.

    Parameters
    ----------
    mask : ndarray of shape (H, W) of bool
    radius : float
        In pixels. Beyond the border there is nothing.

    Returns
    -------
    ndarray of shape (H, W) of bool
    """
    if radius < 1 or not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= radius
