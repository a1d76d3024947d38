"""Kinds of copies, as the registration of their pixels shows them."""

import math

import numpy as np
import torch

from cxrclf.audit._local_contrast import sample_affine

EXACT = "exact"
_ANGLE = 1.0  # degrees
_CROP = 0.015  # part of a side
_SCALE = 0.02
_GRAY = 0.02  # mean absolute difference of gray levels in [0, 1]


def describe_copies(thumbnails, sizes, moving, fixed, maps, signs):
    """Name the kind of each copy.

    Parameters
    ----------
    thumbnails : Thumbnails
        Small images.
    sizes : ndarray of shape (n, 2)
        Height and width of each image in pixels.
    moving, fixed : ndarray of shape (p,) of int
        Rows of the two images of each pair.
    maps : Tensor of shape (p, 2, 3)
        Map from positions in the fixed image to positions in the moving image.
    signs : Tensor of shape (p,)
        -1 where one image is inverted, else 1.

    Returns
    -------
    list of str
        Changes, joined by " + ": "flipped", "inverted", "rotated", "cropped",
        "rescaled" and "gray levels". "re-encoded" is a copy without these changes.
    """
    kinds = []
    for a, b, affine, sign in zip(
        moving, fixed, maps.numpy(), signs.numpy(), strict=True
    ):
        changes = _describe_map(affine, sizes[a][::-1], sizes[b][::-1])
        if sign < 0:
            changes.insert(changes[:1] == ["flipped"], "inverted")
        if _measure_gray(thumbnails, a, b, affine, sign < 0) > _GRAY:
            changes.append("gray levels")
        kinds.append(" + ".join(changes) or "re-encoded")
    return kinds


def _describe_map(affine, moving_size, fixed_size):
    """Name the changes of the geometry. Sizes are (width, height)."""
    changes = []
    affine = affine.astype(float).copy()
    if np.linalg.det(affine[:, :2]) < 0:
        changes.append("flipped")
        affine[:, 0] *= -1
    pixels = affine[:, :2] * np.outer(moving_size, 1 / np.asarray(fixed_size, float))
    angle = math.degrees(
        math.atan2(pixels[1, 0] - pixels[0, 1], pixels[0, 0] + pixels[1, 1])
    )
    if abs(angle) > _ANGLE:
        changes.append("rotated")
    half, shift = affine[:, :2].diagonal(), affine[:, 2]
    lost = np.abs([shift - half + 1, shift + half - 1]) / 2
    if lost.max() > _CROP:
        changes.append("cropped")
    if np.abs(np.linalg.norm(pixels, axis=0) - 1).max() > _SCALE:
        changes.append("rescaled")
    return changes


def _measure_gray(thumbnails, moving, fixed, affine, is_inverted):
    """Return the mean absolute difference of the gray levels of two images."""
    one, two = (torch.from_numpy(thumbnails.get_gray([row])) for row in (moving, fixed))
    one, distance = sample_affine(one, torch.from_numpy(affine)[None], two.shape[-1])
    if is_inverted:
        one = 1 - one
    return float((one - two).abs()[distance < 1].mean())
