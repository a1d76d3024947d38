"""Where each pixel of a radiograph lies in the body."""

from typing import NamedTuple

import numpy as np

# One-dimensional functions of x or y are tabulated over this range of body
# coordinates and looked up for each pixel: a gather costs a tenth of a power.
_REACH = 2.5
_N_NODES = 8192
NODES = np.linspace(-_REACH, _REACH, _N_NODES, dtype=np.float32)


class Pose(NamedTuple):
    """How the patient stands before the detector.

    Lengths are in half sides of the image's shorter side, angles in radians.
    """

    rotation: float
    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float


class BodyGrid:
    """Body coordinates of the pixels of one image.

    The midline is x = 0, x grows towards the patient's left (the right of the
    image), y grows downwards; the image's shorter side spans [-1, 1] in the
    neutral pose. Coordinates do not depend on the number of pixels, so the same
    patient can be drawn at any size.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels.
    pose : Pose
        Where the body lies in the image.

    Attributes
    ----------
    x, y : ndarray of shape (height, width) of float32
        Body coordinates of the pixel centres.
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
        """Look a function of x, given at `NODES`, up for each pixel."""
        return values.astype(np.float32).take(self._column)

    def along_y(self, values):
        """Look a function of y, given at `NODES`, up for each pixel."""
        return values.astype(np.float32).take(self._row)

    def along_y_by_side(self, right, left):
        """Look up a function of y that differs between the patient's sides."""
        return np.concatenate([right, left]).astype(np.float32).take(self._sided_row)

    def to_pixels(self, x, y):
        """Return the column and the row (floats) of points in body coordinates."""
        pose = self.pose
        cos, sin = np.cos(pose.rotation), np.sin(pose.rotation)
        x, y = x * pose.scale_x, y * pose.scale_y
        height, width = self.image_size
        column = (cos * x - sin * y + pose.shift_x) * self._half + width / 2
        row = (sin * x + cos * y + pose.shift_y) * self._half + height / 2
        return column, row

    def window(self, x, y, radius):
        """Return the slices of the pixels within `radius` of a point of the body."""
        column, row = self.to_pixels(x, y)
        reach = radius / self.pixel * max(1.0, self.pose.scale_y / self.pose.scale_x)
        height, width = self.image_size
        rows = slice(_within(row - reach, height), _within(row + reach + 1, height))
        columns = slice(
            _within(column - reach, width), _within(column + reach + 1, width)
        )
        return rows, columns


def _nearest_node(values):
    step = 2 * _REACH / (_N_NODES - 1)
    nodes = (values + np.float32(_REACH + step / 2)) * np.float32(1 / step)
    return np.clip(nodes, 0, _N_NODES - 1).astype(np.int32)


def _within(index, size):
    return int(np.clip(index, 0, size))
