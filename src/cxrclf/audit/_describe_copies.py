"""Kinds of copies, as the registration of their pixels shows them."""

import numpy as np
import torch

from cxrclf.audit._local_contrast import sample_affine

EXACT, RE_ENCODED = "exact", "re-encoded"
_ANGLE = 1.0  # degrees
_LOST = 0.015  # part of a side
_SCALE = 0.02
_GRAY = 0.02  # mean absolute difference of gray levels in [0, 1]


def describe_copies(thumbnails, geometries, moving, fixed, maps, signs):
    """Name the kind of each copy.

    Parameters
    ----------
    thumbnails : Thumbnails
        Small images.
    geometries : sequence of Geometry
        Geometry of each pair.
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
    for a, b, affine, sign, geometry in zip(
        moving, fixed, maps.numpy(), signs.numpy(), geometries, strict=True
    ):
        changes = _describe_geometry(geometry)
        if sign < 0:
            changes.insert(changes[:1] == ["flipped"], "inverted")
        if _measure_gray(thumbnails, a, b, affine, sign < 0) > _GRAY:
            changes.append("gray levels")
        kinds.append(" + ".join(changes) or RE_ENCODED)
    return kinds


def _describe_geometry(geometry):
    changes = {
        "flipped": geometry.is_flipped,
        "rotated": abs(geometry.angle) > _ANGLE,
        "cropped": np.abs(geometry.lost).max() > _LOST,
        "rescaled": np.abs(geometry.scale - 1).max() > _SCALE,
    }
    return [name for name, is_there in changes.items() if is_there]


def _measure_gray(thumbnails, moving, fixed, affine, is_inverted):
    """Return the mean absolute difference of the gray levels of two images."""
    one, two = (torch.from_numpy(thumbnails.get_gray([row])) for row in (moving, fixed))
    one, distance = sample_affine(one, torch.from_numpy(affine)[None], two.shape[-1])
    if is_inverted:
        one = 1 - one
    return float((one - two).abs()[distance < 1].mean())
