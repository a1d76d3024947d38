"""Tell copies from different radiographs that look alike."""

import numpy as np
import torch

from cxrclf.audit._local_contrast import blur, local_contrast, sample_affine

# Correlations that a copy needs
_SAME_FIELD, _CROP, _OTHER = 0.9, 0.97, 0.985
_TRIMMED = 0.05  # part of the pixels that may differ, such as letters
_TRIM_BLUR = 4.0  # in pixels
_BACKGROUND, _SPREAD = 2.0, 8.0  # windows of the local contrast, in pixels
_BLURS = (0.5, 0.7, 1.0, 1.4)  # in pixels
_MARGIN = 3  # pixels
_PAIRS = 128


def correlate_details(images, moving, fixed, maps, signs):
    """Correlate the fine details of registered images.

    A copy may be blurred, because it was resized. So one of both images is blurred in
    several degrees, and the highest correlation counts. Letters and arrows may be drawn
    on a copy. So the 5 % of the pixels with the largest differences do not count.

    Parameters
    ----------
    images : ndarray of shape (n, m, m) of uint8
        Images.
    moving, fixed : ndarray of shape (p,) of int
        Rows of the two images of each pair.
    maps : Tensor of shape (p, 2, 3)
        Map from positions in the fixed image to positions in the moving image.
    signs : Tensor of shape (p,)
        -1 where one image is inverted, else 1.

    Returns
    -------
    ndarray of shape (p,)
    """
    correlations = [np.zeros(0)]
    for start in range(0, len(moving), _PAIRS):
        part = slice(start, start + _PAIRS)
        one, two = (
            torch.from_numpy(images[rows[part]]).float() / 255
            for rows in (fixed, moving)
        )
        correlations.append(_correlate(one, two, maps[part], signs[part]).numpy())
    return np.concatenate(correlations)


def is_copy(correlation, geometry):
    """Return whether a pair of images is a copy.

    Two radiographs of one patient differ in position, angle and size. Most copies
    differ in few of these. So a pair needs a higher correlation if more of them differ.

    Parameters
    ----------
    correlation : float
        Result of :func:`correlate_details`.
    geometry : Geometry
        Geometry of the pair.

    Returns
    -------
    bool
    """
    if geometry.is_same_field:
        return bool(correlation >= _SAME_FIELD)
    return bool(correlation >= (_CROP if geometry.is_crop else _OTHER))


def _correlate(fixed, moving, maps, signs):
    side = fixed.shape[-1]
    moving, distance = sample_affine(moving, maps, side)
    mask = (distance < 1 - 2 * _MARGIN / side).float()
    mask[:, :_MARGIN] = mask[:, -_MARGIN:] = 0
    mask[:, :, :_MARGIN] = mask[:, :, -_MARGIN:] = 0
    signs = signs[:, None, None]
    sharp = _contrast(fixed), _contrast(moving) * signs
    best = _correlate_trimmed(*sharp, mask)
    for sigma in _BLURS:
        one, two = _contrast(blur(fixed, sigma)), _contrast(blur(moving, sigma)) * signs
        best = torch.maximum(best, _correlate_trimmed(one, sharp[1], mask))
        best = torch.maximum(best, _correlate_trimmed(sharp[0], two, mask))
    return best


def _contrast(images):
    return local_contrast(images, _BACKGROUND, _SPREAD)


def _correlate_trimmed(one, two, mask):
    """Correlate images without the regions that differ most."""
    first, second = (_standardize(images, mask) for images in (one, two))
    error = blur((first - second) ** 2, _TRIM_BLUR)
    error = error / blur(mask, _TRIM_BLUR).clamp_min(1e-3)
    inside = torch.where(mask > 0, error, torch.nan).flatten(1)
    limit = torch.nanquantile(inside, 1 - _TRIMMED, dim=1)[:, None, None]
    mask = mask * (error <= limit)
    first, second = (_standardize(images, mask) for images in (one, two))
    return (first * second).sum(dim=(1, 2))


def _standardize(images, mask):
    """Return masked images with mean 0 and norm 1."""
    total = mask.sum(dim=(1, 2), keepdim=True)
    centered = (images - (images * mask).sum(dim=(1, 2), keepdim=True) / total) * mask
    norm = centered.square().sum(dim=(1, 2), keepdim=True).sqrt()
    return centered / norm.clamp_min(1e-6)
