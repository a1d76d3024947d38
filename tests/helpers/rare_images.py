"""Small images of two classes, as an array and as files."""

from types import SimpleNamespace

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter


def make_rare(folder):
    """Return 12 and 6 images of 24 by 20 pixels, as uint8, floats and files."""
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.random((18, 24, 20)), (0, 2, 2))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    pixels = (255 * smooth).round().astype(np.uint8)
    files = np.array([str(folder / f"{k:02}.png") for k in range(18)], dtype=object)
    for path, image in zip(files, pixels, strict=True):
        Image.fromarray(image).save(path)
    y = rng.permutation(np.repeat(["normal", "covid"], [12, 6]))
    return SimpleNamespace(pixels=pixels, floats=smooth, files=files, y=y)
