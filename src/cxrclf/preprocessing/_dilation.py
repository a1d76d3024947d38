"""Dilation of masks by a disc."""

from scipy import ndimage


def to_pixels(fraction, shape):
    """Convert a fraction of the shorter side of an image to whole pixels.

    Parameters
    ----------
    fraction : float
        Fraction of the shorter side.
    shape : tuple of int
        Shape of images. Its last two numbers are height and width.

    Returns
    -------
    int
        Number of pixels.
    """
    return round(fraction * min(shape[-2:]))


def dilate(mask, radius):
    """Dilate a mask by a disc.

    A pixel belongs to the result if its distance from the mask is at most the radius.
    The distances come from a distance transform, so the time does not depend on the
    radius.

    Parameters
    ----------
    mask : ndarray of shape (H, W) of bool
        Mask of one image. Pixels outside the image do not belong to the mask.
    radius : float
        Radius of the disc in pixels.

    Returns
    -------
    ndarray of shape (H, W) of bool
        Dilated mask. It is `mask` itself if the radius is below one pixel.
    """
    if radius < 1 or not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= radius
