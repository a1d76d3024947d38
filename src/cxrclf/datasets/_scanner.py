"""Exposure of a chest to an 8-bit radiograph, independent of the class."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cxrclf.datasets._body_grid import Pose

_LETTERS = {
    "R": ["1111 ", "1   1", "1   1", "1111 ", "1 1  ", "1  1 ", "1   1"],
    "L": ["1    ", "1    ", "1    ", "1    ", "1    ", "1    ", "11111"],
}


def draw_pose(rng):
    """Draw the pose of a patient for one image."""
    scale = rng.uniform(0.86, 1.14)
    breath = rng.uniform(0.93, 1.07)
    return Pose(
        rotation=rng.uniform(-0.08, 0.08),
        scale_x=scale,
        scale_y=scale * breath,
        shift_x=rng.uniform(-0.12, 0.12),
        shift_y=rng.uniform(-0.12, 0.12),
    )


def expose(attenuation, rng):
    """Convert attenuation to the pixels of one radiograph.

    Parameters
    ----------
    attenuation : ndarray of shape (height, width) of float32
        Attenuation of the beam, 0 in air.
    rng : numpy.random.Generator
        Random generator of exposure, contrast, blur, noise, collimation and marker.

    Returns
    -------
    ndarray of shape (height, width) of uint8
        Pixels. High attenuation is bright.
    """
    pixels = attenuation.shape
    side = min(pixels)
    blur = rng.uniform(0.15, 0.9) * side / 224
    image = attenuation * (1 + _draw_texture(pixels, rng))
    image = gaussian_filter(image, blur, truncate=2.5)
    # As in real devices, the exposure adapts to the image. The mean brightness then
    # does not reveal the extent of opacities.
    image *= np.float32(rng.uniform(0.45, 0.62) / float(image.mean()))
    np.maximum(image, 0, out=image)
    image **= np.float32(rng.uniform(0.8, 1.35))
    # Film and display saturate smoothly towards white.
    image = np.tanh(image * np.float32(1.1))
    image += np.float32(rng.uniform(0.0, 0.06))
    # The noise has a generator of its own. The random numbers after it then do not
    # depend on the number of pixels.
    grain = rng.spawn(1)[0].standard_normal(pixels, dtype=np.float32)
    image += np.float32(rng.uniform(0.004, 0.022)) * grain
    _put_marker(image, rng)
    _collimate(image, rng)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _draw_texture(pixels, rng):
    """Draw coarse and fine variations of the tissue around 0."""
    texture = np.zeros(pixels, dtype=np.float32)
    for cells, strength in ((8, 0.03), (40, 0.02)):
        coarse = rng.standard_normal((cells, cells), dtype=np.float32)
        coarse = Image.fromarray(coarse).resize(pixels[::-1], Image.Resampling.BICUBIC)
        texture += np.float32(strength) * np.asarray(coarse)
    return texture


def _put_marker(image, rng):
    """Draw a side marker, the letter R or L, near the upper corner of the side."""
    letter, chance = rng.choice(["R", "L"]), rng.random()
    across, down, size = rng.uniform([0.03, 0.04, 0.05], [0.10, 0.30, 0.07])
    if chance > 0.5:
        return
    height, width = image.shape
    dot = max(1, round(size * min(height, width) / 7))
    glyph = np.array([[c == "1" for c in row] for row in _LETTERS[letter]])
    glyph = glyph.repeat(dot, axis=0).repeat(dot, axis=1)[:height, :width]
    top = min(round(down * height), height - glyph.shape[0])
    left = min(round(across * width), width - glyph.shape[1])
    if letter == "L":
        left = width - glyph.shape[1] - left
    image[top : top + glyph.shape[0], left : left + glyph.shape[1]][glyph] = 0.97


def _collimate(image, rng):
    """Set margins to black in some images, as collimator shutters do."""
    chance, margins = rng.random(), rng.uniform(0, 0.07, 4)
    if chance > 0.3:
        return
    height, width = image.shape
    top, bottom = (margins[:2] * height).astype(int)
    left, right = (margins[2:] * width).astype(int)
    image[:top] = 0
    image[height - bottom :] = 0
    image[:, :left] = 0
    image[:, width - right :] = 0
