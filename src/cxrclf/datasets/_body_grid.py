"""Body coordinates of the pixels of a radiograph."""

from typing import NamedTuple

import numpy as np

# Functions of x or y are tabulated over this range of body coordinates and looked up
# for each pixel. A look-up takes a tenth of the time of a power.
_REACH = 2.5
_N_NODES = 8192
NODES = np.linspace(-_REACH, _REACH, _N_NODES, dtype=np.float32)


class Pose(NamedTuple):
    """Pose of the patient in front of the detector.

    The unit of lengths is half of the shorter side of the image. Angles are in radians.
    """

    rotation: float
    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float


class BodyGrid:
    """Body coordinates of the pixels of one image.

    The midline is x = 0. x grows towards the left side of the patient, which is the
    right side of the image. y grows downwards. In the neutral pose, the shorter side of
    the image spans [-1, 1]. Coordinates do not depend on the number of pixels, so the
    same patient can be drawn at any size.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels.
    pose : Pose
        Pose of the patient.

    Attributes
    ----------
    x, y : ndarray of shape (height, width) of float32
        Body coordinates of the pixel centers.
    pixel : float
        Side of a pixel in body coordinates.
    """

    def __init__(self, image_size, pose):
        height, width = image_size
        self.image_size = image_size
        self.pose = pose
        self._half = min(height, width) / 2
        self.pixel = 1 / (self._half * pose.scale_x)
        across = ((np.arange(width) + 0.5 - width / 2) / self._half) - pose.shift_x
        down = ((np.arange(height) + 0.5 - height / 2) / self._half) - pose.shift_y
        cos, sin = np.cos(pose.rotation), np.sin(pose.rotation)
        across, down = across.astype(np.float32), down.astype(np.float32)[:, None]
        self.x = np.float32(cos / pose.scale_x) * across
        self.x = self.x + np.float32(sin / pose.scale_x) * down
        self.y = np.float32(-sin / pose.scale_y) * across
        self.y = self.y + np.float32(cos / pose.scale_y) * down
        self._column = _nearest_node(self.x)
        self._row = _nearest_node(self.y)
        self._sided_row = self._row + np.where(self.x > 0, _N_NODES, 0)

    def along_x(self, values):
        """Look up a function of x, given at `NODES`, for each pixel."""
        return values.astype(np.float32).take(self._column)

    def along_y(self, values):
        """Look up a function of y, given at `NODES`, for each pixel."""
        return values.astype(np.float32).take(self._row)

    def along_y_by_side(self, right, left):
        """Look up a function of y that differs between the sides of the patient."""
        return np.concatenate([right, left]).astype(np.float32).take(self._sided_row)

    def to_pixels(self, x, y):
        """Convert body coordinates to columns and rows, as floats."""
        pose = self.pose
        cos, sin = np.cos(pose.rotation), np.sin(pose.rotation)
        x, y = x * pose.scale_x, y * pose.scale_y
        height, width = self.image_size
        column = (cos * x - sin * y + pose.shift_x) * self._half + width / 2
        row = (sin * x + cos * y + pose.shift_y) * self._half + height / 2
        return column, row

    def window(self, x, y, radius):
        """Return slices that contain all pixels within `radius` of a point."""
        column, row = self.to_pixels(x, y)
        reach = radius / self.pixel * max(1.0, self.pose.scale_y / self.pose.scale_x)
        height, width = self.image_size
        rows = slice(
            _clip_index(row - reach, height), _clip_index(row + reach + 1, height)
        )
        columns = slice(
            _clip_index(column - reach, width), _clip_index(column + reach + 1, width)
        )
        return rows, columns


def _nearest_node(values):
    """Return the number of the node that is nearest to each value."""
    step = 2 * _REACH / (_N_NODES - 1)
    nodes = (values + np.float32(_REACH + step / 2)) * np.float32(1 / step)
    return np.clip(nodes, 0, _N_NODES - 1).astype(np.int32)


def _clip_index(index, size):
    return int(np.clip(index, 0, size))
