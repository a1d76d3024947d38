"""Masks at another size, by nearest neighbor."""

import numpy as np

from cxrclf._utils.image_size import content_size, pad


def resize_masks(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize masks by nearest neighbor, so that no new values arise.

    A new pixel gets the value of the pixel under its center.

    Parameters
    ----------
    masks : ndarray of shape (..., H, W)
    size : (int, int)
        Height and width of the result.

    Returns
    -------
    ndarray of shape (..., *size)
        Of the type of `masks`.
    """
    if masks.shape[-2:] == tuple(size):
        return masks
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, masks.shape[-2:], strict=True)
    )
    return np.ascontiguousarray(masks[..., rows[:, None], columns])


def fit_mask(
    mask: np.ndarray, image_size: tuple[int, int], keep_aspect_ratio: bool
) -> np.ndarray:
    """Bring a mask to the working size, as its image is brought to it.

    Parameters
    ----------
    mask : ndarray of shape (H, W)
    image_size : (int, int)
        The working size.
    keep_aspect_ratio : bool
        Whether the mask is padded with background instead of being stretched.

    Returns
    -------
    ndarray of shape `image_size`
    """
    height, width = mask.shape
    target = content_size((height, width), image_size, keep_aspect_ratio)
    return pad(resize_masks(mask, target), image_size)
