"""Image files, why they cannot be read, and a reference for resizing."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image


def saved(folder, image, suffix=".png", **options):
    """Write an image or an array to a file, and return its path."""
    path = folder / f"image{suffix}"
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(path, **options)
    return path


def why(path):
    """Return the one reason for which a file cannot be read."""
    with pytest.raises(ImageReadError) as caught:
        read_image(path, 8)
    assert list(caught.value.failures) == [str(path)]
    return caught.value.failures[str(path)]


def triangle_weights(n_in, n_out):
    """Return the matrix of antialiased bilinear resizing along one side."""
    scale = n_in / n_out
    support = max(scale, 1.0)
    centers = (np.arange(n_out)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(n_in)[None] + 0.5 - centers) / support)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(pixels, height, width):
    """Return pixels at another size, as floats."""
    rows = triangle_weights(pixels.shape[0], height)
    return rows @ pixels.astype(float) @ triangle_weights(pixels.shape[1], width).T
