"""Register pairs of images, and compare their pixels."""

from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from cxrclf.audit._local_contrast import local_contrast, sample_affine, shrink

_PAIRS = 128  # pairs per step
_DAMPING = 1e-3
_LARGEST_STEP = 0.1
_LEAST_OVERLAP = 0.4


class Level(NamedTuple):
    """Settings of one level of the registration.

    Attributes
    ----------
    side : int
        Side of the images in pixels.
    background, spread : float
        Windows of the local contrast, in pixels.
    n_steps : int
        Number of steps.
    least : float
        Correlation that a pair needs to stay in.
    """

    side: int
    background: float
    spread: float
    n_steps: int
    least: float


LEVELS = (
    Level(32, 3, 6, 3, 0.88),
    Level(64, 4, 8, 3, 0.9),
    Level(128, 4, 8, 2, 0.88),
    Level(128, 2, 8, 2, 0.8),
)


def register_pairs(images, candidates, *, levels=LEVELS, verbose=0):
    """Register pairs of images, and drop pairs of different images.

    Parameters
    ----------
    images : ndarray of shape (n, 128, 128) of uint8
        Images.
    candidates : Candidates
        Pairs.
    levels : sequence of Level
        Levels, from coarse to fine.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    index : ndarray of shape (q,) of int
        Positions of the remaining pairs among the candidates.
    maps : Tensor of shape (q, 2, 3)
        Maps from positions in the fixed image to positions in the moving image.
    """
    index = np.arange(len(candidates.moving))
    maps = candidates.maps.clone()
    correlations = np.zeros(len(index))
    bar = tqdm(desc="comparing", unit="pair", disable=not verbose, total=len(index))
    with bar:
        for level in levels:
            kept = []
            for start in range(0, len(index), _PAIRS):
                part = index[start : start + _PAIRS]
                fixed, moving = (
                    shrink(
                        torch.from_numpy(images[rows[part]]).float() / 255, level.side
                    )
                    for rows in (candidates.fixed, candidates.moving)
                )
                maps[part], result = _align(
                    fixed, moving, maps[part], candidates.signs[part], level
                )
                correlations[part] = result.numpy()
                kept.append(part[correlations[part] >= level.least])
                if level is levels[0]:
                    bar.update(len(part))
            index = np.concatenate(kept) if kept else index
    return index, maps[index]


def _align(fixed, moving, maps, signs, level):
    """Refine the maps of pairs of images, and correlate the pairs.

    This is the efficient second-order minimization (ESM) of the squared difference of
    the local contrast, with an affine map.
    """
    side = level.side
    center = (torch.arange(side) + 0.5) * 2 / side - 1
    x, y = center.repeat(side), center.repeat_interleave(side)
    basis = torch.stack([x, y, torch.ones_like(x)], dim=1)
    products = (basis[:, :, None] * basis[:, None, :]).flatten(1)
    margin = 1 - 4 / side
    inner = ((x.abs() < margin) & (y.abs() < margin)).float()
    fixed = local_contrast(fixed, level.background, level.spread)
    fixed_x, fixed_y = _differentiate(fixed)
    identity = torch.eye(3)
    for step in range(level.n_steps + 1):
        warped, distance = sample_affine(moving, maps, side)
        warped = local_contrast(warped, level.background, level.spread)
        warped = warped * signs[:, None, None]
        mask = (distance.flatten(1) < margin) * inner
        one, one_scale = _standardize(fixed.flatten(1), mask)
        two, two_scale = _standardize(warped.flatten(1), mask)
        if step == level.n_steps:
            break
        warped_x, warped_y = _differentiate(warped)
        slope_x = (fixed_x * one_scale + warped_x * two_scale) * mask / 2
        slope_y = (fixed_y * one_scale + warped_y * two_scale) * mask / 2
        error = one - two
        xx, xy, yy = (
            (product @ products).unflatten(1, (3, 3))
            for product in (slope_x * slope_x, slope_x * slope_y, slope_y * slope_y)
        )
        hessian = torch.cat(
            [torch.cat([xx, xy], dim=2), torch.cat([xy, yy], dim=2)], dim=1
        )
        gradient = torch.cat([(slope_x * error) @ basis, (slope_y * error) @ basis], 1)
        damping = _DAMPING * hessian.diagonal(dim1=1, dim2=2) + 1e-6
        change = torch.linalg.solve(hessian + torch.diag_embed(damping), gradient)
        change = change.clamp(-_LARGEST_STEP, _LARGEST_STEP).unflatten(1, (2, 3))
        full = torch.cat([change, torch.zeros(len(change), 1, 3)], dim=1) + identity
        maps = maps @ full
    correlations = (one * two).sum(dim=1)
    correlations[mask.mean(dim=1) < _LEAST_OVERLAP] = 0
    return maps, correlations


def _differentiate(images):
    """Return the slopes in x and y as flat rows, per unit of the position."""
    side = images.shape[-1]
    slope_x, slope_y = torch.zeros_like(images), torch.zeros_like(images)
    slope_x[:, :, 1:-1] = (images[:, :, 2:] - images[:, :, :-2]) * (side / 4)
    slope_y[:, 1:-1] = (images[:, 2:] - images[:, :-2]) * (side / 4)
    return slope_x.flatten(1), slope_y.flatten(1)


def _standardize(values, mask):
    """Return masked values with mean 0 and norm 1, and the scale."""
    mean = (values * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp_min(1)
    centered = (values - mean) * mask
    scale = 1 / centered.norm(dim=1, keepdim=True).clamp_min(1e-6)
    return centered * scale, scale
