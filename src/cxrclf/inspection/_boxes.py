"""Place maps of cropped images into the whole images."""

import numpy as np
import torch
from torch.nn.functional import interpolate


def place_in_box(values, box, size, outside=0):
    """Place the map of a cropped image into the whole image.

    Parameters
    ----------
    values : ndarray of shape (..., h, w)
        Floats, which are resized by bilinear interpolation, or ints, which are resized
        by nearest neighbor.
    box : ndarray of shape (4,)
        Top, bottom, left and right of the part that was cropped, as fractions of the
        height and width.
    size : (int, int)
        Height and width of the result.
    outside : float, default=0
        Value of the pixels outside of the box.

    Returns
    -------
    ndarray of shape (..., H, W)
    """
    top, bottom = (round(edge * size[0]) for edge in box[:2])
    left, right = (round(edge * size[1]) for edge in box[2:])
    # A box has at least one pixel.
    part = (
        slice(min(top, size[0] - 1), max(bottom, top + 1)),
        slice(min(left, size[1] - 1), max(right, left + 1)),
    )
    result = np.full((*values.shape[:-2], *size), outside, dtype=values.dtype)
    target = result[..., *part].shape[-2:]
    maps = torch.from_numpy(values.reshape(1, -1, *values.shape[-2:]))
    if values.dtype.kind == "f":
        resized = interpolate(maps, target, mode="bilinear")
    else:
        # Floats of 64 bits represent the numbers of superpixels exactly.
        resized = interpolate(maps.double(), target, mode="nearest-exact")
    result[..., *part] = resized.numpy().reshape(*values.shape[:-2], *target)
    return result
