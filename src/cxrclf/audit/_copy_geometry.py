"""Geometry of a copy: flip, angle, lost parts and scale."""

import math
from typing import NamedTuple

import numpy as np

_ANGLE = 0.05  # degrees
_LOST, _OUTSIDE = 0.01, 0.015  # parts of a side


class Geometry(NamedTuple):
    """Geometry of a copy.

    Attributes
    ----------
    is_flipped : bool
        Whether one image is flipped left to right.
    angle : float
        Rotation in degrees.
    lost : ndarray of shape (2, 2)
        Part of the width (first row) and height that one image lacks at the left or
        upper side, and at the right or lower side. The other image lacks a part where
        the number is negative.
    scale : ndarray of shape (2,)
        Pixels of the moving image per pixel of the fixed image, in x and y.
    """

    is_flipped: bool
    angle: float
    lost: np.ndarray
    scale: np.ndarray

    @property
    def is_same_field(self):
        """Whether both images show the same field, perhaps at another angle."""
        return bool(np.abs(self.lost).max() < _LOST)

    @property
    def is_crop(self):
        """Whether one image is a part of the other, at the same angle."""
        outside = min(-self.lost.min(), self.lost.max())
        return bool(outside < _OUTSIDE and abs(self.angle) < _ANGLE)


def measure_geometry(affine, moving_size, fixed_size):
    """Measure the geometry of a copy.

    Parameters
    ----------
    affine : ndarray of shape (2, 3)
        Map from positions in the fixed image to positions in the moving image. Images
        extend from -1 to 1 in both directions.
    moving_size, fixed_size : (int, int)
        Height and width of the images in pixels.

    Returns
    -------
    Geometry
    """
    affine = np.array(affine, float)
    is_flipped = bool(np.linalg.det(affine[:, :2]) < 0)
    if is_flipped:
        affine[:, 0] *= -1
    moving, fixed = (np.array(size[::-1], float) for size in (moving_size, fixed_size))
    pixels = affine[:, :2] * np.outer(moving, 1 / fixed)
    angle = math.atan2(pixels[1, 0] - pixels[0, 1], pixels[0, 0] + pixels[1, 1])
    # The centers of the sides: a rotation moves them less than the corners.
    half, shift = affine[:, :2].diagonal(), affine[:, 2]
    lost = np.stack([1 - half + shift, 1 - half - shift], axis=1) / 2
    return Geometry(
        is_flipped, math.degrees(angle), lost, np.linalg.norm(pixels, axis=0)
    )
