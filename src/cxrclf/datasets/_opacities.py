"""Opacities in the lungs of a synthetic patient, by disease."""

from typing import NamedTuple

import numpy as np
from PIL import Image

_GRAIN = 7  # cells per side of the noise that makes the edge of a patch irregular
# A pixel belongs to an opacity if patches remove at least this fraction of its air.
_OPAQUE = 0.15


class Patch(NamedTuple):
    """One opacity. Lengths are in body coordinates and the angle is in radians."""

    x: float
    y: float
    radius: float
    slenderness: float
    angle: float
    strength: float
    softness: float
    veil: float
    cavity: float
    grain: np.ndarray


def draw_normal(rng, anatomy):
    """Return no patches."""
    return []


def draw_pneumonia(rng, anatomy):
    """Draw one or two dense consolidations in one lobe."""
    side = 1 if rng.random() < 0.45 else -1
    down = rng.uniform(0.12, 0.92)
    across = rng.uniform(0.15, 0.8)
    patches = []
    for _ in range(rng.integers(1, 3)):
        x, y = anatomy.lung_point(
            side,
            np.clip(across + rng.normal(0, 0.12), 0.1, 0.9),
            np.clip(down + rng.normal(0, 0.06), 0.08, 0.95),
        )
        patches.append(
            _draw_patch(
                rng,
                x,
                y,
                radius=rng.uniform(0.19, 0.34),
                strength=rng.uniform(0.78, 0.98),
                softness=0.75,
                veil=0.9,
            )
        )
    return patches


def draw_covid(rng, anatomy):
    """Draw several faint patches in the periphery of both lower lungs."""
    patches = []
    for side in (-1, 1):
        for _ in range(rng.integers(2, 5)):
            x, y = anatomy.lung_point(
                side, rng.uniform(0.5, 0.98), 1 - rng.beta(1.3, 1.8) * 0.8
            )
            patches.append(
                _draw_patch(
                    rng,
                    x,
                    y,
                    radius=rng.uniform(0.15, 0.26),
                    strength=rng.uniform(0.42, 0.66),
                    softness=1.0,
                    veil=0.15,
                )
            )
    return patches


def draw_tuberculosis(rng, anatomy):
    """Draw opacities in one or both apices, sometimes with a cavity."""
    first = 1 if rng.random() < 0.5 else -1
    sides = [first, -first] if rng.random() < 0.3 else [first]
    patches = []
    for side in sides:
        for number in range(rng.integers(3, 6)):
            x, y = anatomy.lung_point(
                side, rng.uniform(0.2, 0.85), rng.uniform(0.05, 0.34)
            )
            hollow = number == 0 and rng.random() < 0.4
            patches.append(
                _draw_patch(
                    rng,
                    x,
                    y,
                    radius=rng.uniform(*((0.12, 0.16) if hollow else (0.06, 0.15))),
                    strength=rng.uniform(0.3, 0.62),
                    softness=0.9,
                    veil=0.6,
                    cavity=rng.uniform(0.45, 0.65) if hollow else 0.0,
                )
            )
    return patches


FINDINGS = {
    "covid": draw_covid,
    "normal": draw_normal,
    "pneumonia": draw_pneumonia,
    "tuberculosis": draw_tuberculosis,
}


def _draw_patch(rng, x, y, *, radius, strength, softness, veil, cavity=0.0):
    return Patch(
        x,
        y,
        radius,
        slenderness=rng.uniform(0.6, 1.0),
        angle=rng.uniform(0, np.pi),
        strength=strength,
        softness=softness,
        veil=veil,
        cavity=cavity,
        grain=rng.standard_normal((_GRAIN, _GRAIN)).astype(np.float32),
    )


def vary_patches(patches, rng):
    """Vary the patches of a patient at random for another image."""
    return [
        patch._replace(
            x=patch.x + rng.normal(0, 0.012),
            y=patch.y + rng.normal(0, 0.012),
            radius=patch.radius * rng.uniform(0.9, 1.12),
            strength=patch.strength * rng.uniform(0.88, 1.12),
        )
        for patch in patches
    ]


def add_opacities(shadow, patches, grid, lung_contrast):
    """Return the attenuation of a chest with opacities, and their mask.

    Parameters
    ----------
    shadow : Shadow
        Projection of the healthy chest.
    patches : list of Patch
        Opacities. They only change pixels of the lungs.
    grid : BodyGrid
        Body coordinates of the pixels.
    lung_contrast : float
        Attenuation that the air in a healthy lung removes. A patch of strength 1
        restores it completely.

    Returns
    -------
    attenuation : ndarray of shape (height, width) of float32
        Attenuation with opacities and vessels.
    opacities : ndarray of shape (height, width) of bool
        Mask of the pixels of the lungs where patches remove at least 15 % of the air.
    """
    attenuation = shadow.attenuation.copy()
    vessels = shadow.vessels.copy()
    # Each patch removes a fraction of the remaining air, so overlapping patches
    # multiply.
    air = np.ones_like(attenuation)
    for patch in patches:
        window = grid.window(patch.x, patch.y, 1.6 * patch.radius)
        cover = _cover(patch, grid.x[window], grid.y[window])
        air[window] *= 1 - np.float32(patch.strength) * cover
        vessels[window] *= 1 - np.float32(patch.veil) * cover
    attenuation += np.float32(lung_contrast) * shadow.depth * (1 - air)
    return attenuation + vessels, (air <= 1 - _OPAQUE) & shadow.lungs


def _cover(patch, x, y):
    """Return the fraction of the lung in each pixel that a patch covers."""
    if x.size == 0:
        return np.zeros_like(x)
    cos, sin = np.float32(np.cos(patch.angle)), np.float32(np.sin(patch.angle))
    x = (x - np.float32(patch.x)) / np.float32(patch.radius)
    y = (y - np.float32(patch.y)) / np.float32(patch.radius)
    along, across = (
        cos * x + sin * y,
        (cos * y - sin * x) / np.float32(patch.slenderness),
    )
    away = np.sqrt(along * along + across * across)
    size = x.shape[::-1]
    grain = np.asarray(
        Image.fromarray(patch.grain).resize(size, Image.Resampling.BICUBIC)
    )
    edge = np.clip((1.0 - away + 0.2 * grain) / np.float32(patch.softness), 0, 1)
    cover = edge * edge * (3 - 2 * edge) * np.clip(0.9 + 0.14 * grain, 0, 1)
    if patch.cavity:
        cover *= np.clip((away - patch.cavity) * 6 + 0.5, 0.05, 1)
    return cover
