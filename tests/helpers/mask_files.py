"""Mask files, and what nearest neighbor makes of them."""

from fractions import Fraction

import numpy as np
from PIL import Image


def saved(folder, image, name="mask.png", **options):
    """Write an image or an array to a file, and return its path."""
    path = folder / name
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(path, **options)
    return path


def nearest(codes, height, width):
    """Take the pixel in which the center of each new one lies, in exact numbers."""
    half = Fraction(1, 2)
    rows = [int((i + half) * codes.shape[0] / height) for i in range(height)]
    columns = [int((j + half) * codes.shape[1] / width) for j in range(width)]
    return codes[rows][:, columns]
