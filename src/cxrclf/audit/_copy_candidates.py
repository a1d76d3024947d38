"""Pairs of images that may be copies: nearest neighbors of small descriptors."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from cxrclf.audit._local_contrast import local_contrast, sample_affine

SIDE = 32  # side of the images that are searched, in pixels
_CODE = 16  # side of the images that are compared, in pixels
_BACKGROUND, _SPREAD = 2, 4  # windows of the local contrast, in pixels of `_CODE`
_N_COMPONENTS = 128
_N_NEIGHBORS = 8
_LEAST_COSINE = 0.5
_N_PRIOR = 30  # images that the prior of the second moments counts for
_N_SMALL = 500  # images of a set in which all neighbors are candidates
_BLOCK = 128  # queries per matrix product
_CHUNK = 1024  # images whose descriptors are computed at once
_CROPS, _ALL_SIDES, _ONE_SIDE = (0.02, 0.08), 0.1, 0.2  # parts of a side
_ANGLE = 4.0  # degrees


class Candidates(NamedTuple):
    """Pairs of images that may be copies.

    Attributes
    ----------
    moving, fixed : ndarray of shape (p,) of int
        Rows of the two images of each pair.
    maps : Tensor of shape (p, 2, 3)
        Rough map from positions in the fixed image to positions in the moving image.
    signs : Tensor of shape (p,)
        -1 where one image is inverted, else 1.
    """

    moving: np.ndarray
    fixed: np.ndarray
    maps: torch.Tensor
    signs: torch.Tensor


def find_candidates(images, *, verbose=0):
    """Find pairs of images that may be copies.

    The descriptor of an image is the local contrast at 16 × 16 pixels, whitened by its
    second moments over all images. Each image is compared with the views of all other
    images: their crops, one side cut, a rotation, and the flips of these. The cosine
    counts without its sign, so that an inverted image is as near as the image. The
    nearest neighbors of each image are its candidates. In a large set, they need a
    cosine of 0.5. In a small set, the second moments are uncertain, so that all of them
    are candidates.

    Parameters
    ----------
    images : Tensor of shape (n, 32, 32)
        Gray levels in [0, 1].
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    Candidates
        Each pair is there only once. Pairs are sorted.
    """
    n = len(images)
    if n < 2:
        rows = np.zeros(0, int)
        return Candidates(rows, rows, torch.zeros(0, 2, 3), torch.zeros(0))
    views = make_views()
    plain = _encode(images, torch.eye(2, 3))
    whitening = _whiten(plain)
    codes = functional.normalize(plain @ whitening, dim=1)
    n_neighbors = min(_N_NEIGHBORS, n - 1)
    found = []
    with tqdm(total=n, desc="searching", unit="image", disable=not verbose) as bar:
        for start in range(0, n, _CHUNK):
            chunk = images[start : start + _CHUNK]
            queries = torch.stack(
                [
                    functional.normalize(_encode(chunk, view) @ whitening, dim=1)
                    for view in views
                ]
            )
            for first in range(0, len(chunk), _BLOCK):
                block = queries[:, first : first + _BLOCK]
                found.append(_find_nearest(block, codes, start + first, n_neighbors))
                bar.update(block.shape[1])
    rows, neighbors, cosines, view = (
        torch.cat(part) for part in zip(*found, strict=True)
    )
    rows, neighbors = rows.numpy(), neighbors.numpy()
    # The better direction of each pair, in an order that does not depend on the search.
    low, high = np.minimum(rows, neighbors), np.maximum(rows, neighbors)
    order = np.lexsort((rows, -cosines.abs().numpy(), high, low))
    is_first = np.diff(low[order] * n + high[order], prepend=-1) > 0
    best = order[is_first]
    if n > _N_SMALL:
        best = best[cosines.abs().numpy()[best] >= _LEAST_COSINE]
    signs = torch.where(cosines[best] < 0, -1.0, 1.0)
    return Candidates(rows[best], neighbors[best], views[view[best]], signs)


def make_views():
    """Return the maps of all views of an image, of shape (v, 2, 3)."""
    windows = [(0.0,) * 4, (_ALL_SIDES,) * 4, *itertools.product(_CROPS, repeat=4)]
    windows += [tuple(_ONE_SIDE * row) for row in np.eye(4)]
    views = [
        [[1 - left - right, 0, left - right], [0, 1 - top - bottom, top - bottom]]
        for left, right, top, bottom in windows
    ]
    cosine, sine = (f(math.radians(_ANGLE)) for f in (math.cos, math.sin))
    views += [[[cosine, -s, 0], [s, cosine, 0]] for s in (-sine, sine)]
    views = torch.tensor(views, dtype=torch.float32)
    flipped = views.clone()
    flipped[:, :, 0] *= -1
    return torch.cat([views, flipped])


def _encode(images, view):
    """Return the local contrast of a view of images as flat rows."""
    codes = []
    for chunk in images.split(_CHUNK):
        samples, _ = sample_affine(chunk, view.expand(len(chunk), 2, 3), SIDE)
        samples = functional.avg_pool2d(samples, SIDE // _CODE)
        codes.append(local_contrast(samples, _BACKGROUND, _SPREAD).flatten(1))
    return torch.cat(codes)


def _whiten(codes):
    """Return the matrix that whitens codes, of shape (256, 128).

    The moments are not centered, so that they are the same for inverted images.
    """
    codes = codes.numpy().astype(np.float64)
    moments = codes.T @ codes / len(codes)
    # Few images do not determine the moments. A multiple of the unit matrix is added.
    prior = moments.trace() / len(moments) * np.eye(len(moments))
    moments += _N_PRIOR / len(codes) * prior
    values, vectors = np.linalg.eigh(moments)
    values, vectors = values[-_N_COMPONENTS:], vectors[:, -_N_COMPONENTS:]
    floor = max(values[-1] * 1e-6, 1e-12)
    whitening = vectors / np.sqrt(np.maximum(values, floor))
    return torch.from_numpy(whitening.astype(np.float32))


def _find_nearest(queries, codes, start, n_neighbors):
    """Return the nearest codes of the queries (v, b, d) of rows from `start`."""
    best = torch.zeros(queries.shape[1], len(codes))
    for query in queries:
        torch.maximum(best, (query @ codes.T).abs_(), out=best)
    rows = torch.arange(start, start + len(best))
    best[torch.arange(len(best)), rows] = -1
    neighbors = best.topk(n_neighbors, dim=1).indices
    cosines = torch.einsum("vbd,bkd->vbk", queries, codes[neighbors])
    view = cosines.abs().argmax(dim=0)
    cosines = cosines.gather(0, view[None])[0]
    return (
        rows[:, None].expand_as(neighbors).flatten(),
        neighbors.flatten(),
        cosines.flatten(),
        view.flatten(),
    )
