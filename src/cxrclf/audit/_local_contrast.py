"""Local contrast of images, and images under affine maps."""

from functools import lru_cache

import torch
from torch.nn import functional

_FLOOR = 0.02  # contrast of noise, in units of the range of an image


def local_contrast(images, background, spread):
    """Subtract the local mean of images, and divide by the local standard deviation.

    The result changes little if the brightness, the contrast or the gamma of an image
    changes. If an image is inverted, the result changes its sign.

    Parameters
    ----------
    images : Tensor of shape (b, m, m)
        Gray levels in [0, 1].
    background, spread : float
        Standard deviation of the Gaussian windows of the mean and of the standard
        deviation, in pixels.

    Returns
    -------
    Tensor of shape (b, m, m)
    """
    detail = images - blur(images, background)
    power = blur(detail * detail, spread).clamp_min_(0)
    return detail / (power.sqrt_() + _FLOOR)


def sample_affine(images, maps, side):
    """Sample images at affine maps of a grid.

    Parameters
    ----------
    images : Tensor of shape (b, m, m)
        Images. They extend from -1 to 1 in both directions.
    maps : Tensor of shape (b, 2, 3)
        Map of each image from positions (x, y, 1) in the result to positions (x, y) in
        the image.
    side : int
        Side of the result in pixels.

    Returns
    -------
    samples : Tensor of shape (b, side, side)
        Bilinear interpolation. The border of an image continues outside.
    distance : Tensor of shape (b, side, side)
        Larger absolute coordinate of each position. It is greater than 1 outside the
        image.
    """
    grid = functional.affine_grid(maps, (len(maps), 1, side, side), align_corners=False)
    samples = functional.grid_sample(
        images[:, None],
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return samples[:, 0], grid.abs().amax(dim=-1)


def shrink(images, side):
    """Resize images with an antialiased bilinear filter."""
    if images.shape[-1] == side:
        return images
    return functional.interpolate(
        images[:, None],
        (side, side),
        mode="bilinear",
        antialias=True,
        align_corners=False,
    )[:, 0]


def blur(images, sigma):
    """Blur images with a Gaussian window of a standard deviation in pixels."""
    kernel = _make_kernel(images.shape[-1], sigma)
    return kernel @ images @ kernel.T


@lru_cache(maxsize=16)
def _make_kernel(side, sigma):
    """Return the matrix that blurs a row of pixels, with weights that sum to 1."""
    position = torch.arange(side, dtype=torch.float32)
    kernel = torch.exp(-0.5 * ((position[:, None] - position) / sigma) ** 2)
    return kernel / kernel.sum(dim=1, keepdim=True)
