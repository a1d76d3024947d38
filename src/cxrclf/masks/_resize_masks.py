"""Resize masks by nearest neighbor."""

import numpy as np

from cxrclf._utils.image_size import content_size, pad


def resize_masks(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize masks by nearest neighbor.

    Each new pixel has the value of the old pixel under its center, so that no new
    values appear.

    Parameters
    ----------
    masks : ndarray of shape (..., H, W)
        Masks of any type.
    size : (int, int)
        Height and width of the result.

    Returns
    -------
    ndarray of shape (..., size[0], size[1])
        Masks of the type of `masks`.
    """
    if masks.shape[-2:] == tuple(size):
        return masks
    # The center of new pixel i is at (2i + 1) / (2 new), computed in exact integers.
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, masks.shape[-2:], strict=True)
    )
    return np.ascontiguousarray(masks[..., rows[:, None], columns])


def fit_mask(
    mask: np.ndarray, image_size: tuple[int, int], keep_aspect_ratio: bool
) -> np.ndarray:
    """Fit a mask into the working size, in the same way as its image.

    Parameters
    ----------
    mask : ndarray of shape (H, W)
        Class numbers.
    image_size : (int, int)
        Height and width of the working size.
    keep_aspect_ratio : bool
        Whether the mask is padded with background instead of being stretched.

    Returns
    -------
    ndarray of shape `image_size`
        Class numbers.
    """
    height, width = mask.shape
    target = content_size((height, width), image_size, keep_aspect_ratio)
    return pad(resize_masks(mask, target), image_size)
