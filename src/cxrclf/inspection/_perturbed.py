"""Changed images: parts of an image are replaced by a fill."""

import numpy as np
import torch
from scipy import ndimage

FILLS = ("mean", "blur")
_BLUR = 0.05  # standard deviation of the blur, as a fraction of the shorter side


def fill_image(image, fill):
    """Return the image that replaces hidden pixels.

    Parameters
    ----------
    image : Tensor of shape (C, H, W)
        Pixels in [0, 1].
    fill : "mean", "blur" or float
        ``"mean"`` is the average of each channel, ``"blur"`` the image after a
        Gaussian blur, and a number a constant brightness in [0, 1].

    Returns
    -------
    Tensor of shape (C, H, W)
    """
    if fill == "mean":
        return image.mean((1, 2), keepdim=True).expand_as(image)
    if fill == "blur":
        sigma = _BLUR * min(image.shape[1:])
        blurred = ndimage.gaussian_filter(image.cpu().numpy(), (0, sigma, sigma))
        return torch.from_numpy(blurred).to(image.device)
    return torch.full_like(image, fill)


def hide(image, filled, visible):
    """Return copies of an image with some pixels replaced.

    Parameters
    ----------
    image, filled : Tensor of shape (C, H, W)
        The image, and the pixels that replace hidden ones.
    visible : Tensor of shape (b, H, W) of bool
        Masks of the pixels that stay.

    Returns
    -------
    Tensor of shape (b, C, H, W)
    """
    return torch.where(visible[:, None], image, filled)


def windows(image_size, window, stride):
    """Return the windows of an occlusion, which together cover the image.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels.
    window, stride : float
        Side of a window, and distance of neighbors, as a fraction of the image's
        shorter side.

    Returns
    -------
    ndarray of shape (m, 4) of int
        First row, last row + 1, first column and last column + 1 of each window.
    """
    side = max(1, round(window * min(image_size)))
    step = max(1, round(stride * min(image_size)))
    starts = []
    for length in image_size:
        last = max(length - side, 0)
        starts.append(np.unique([*range(0, last, step), last]))
    top, left = (grid.ravel() for grid in np.meshgrid(*starts, indexing="ij"))
    bottom = np.minimum(top + side, image_size[0])
    right = np.minimum(left + side, image_size[1])
    return np.stack([top, bottom, left, right], 1)
