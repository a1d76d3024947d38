"""Total variation from its definition, in double precision."""

import numpy as np
import torch
from scipy import ndimage

from cxrclf.preprocessing._total_variation import minimize


def gradient(u):
    """Return differences to the next row and column, zero at the border."""
    down, right = np.zeros_like(u), np.zeros_like(u)
    down[:-1] = u[1:] - u[:-1]
    right[:, :-1] = u[:, 1:] - u[:, :-1]
    return down, right


def energy(u, f, w):
    """Return the model's energy, less the fidelity's least value."""
    bright = f > 0
    ratio = f[bright] / u[bright]
    fidelity = u.sum() - f.sum() + (f[bright] * np.log(ratio)).sum()
    return fidelity + (w * np.hypot(*gradient(u))).sum()


def weights_of(images, weight=0.03, min_weight=0.003, contrast=0.005, sigma=1.0):
    """Return the weights of images in [0, 1], by scipy."""
    weights = []
    for image in images:
        smooth = ndimage.gaussian_filter(255 * image, sigma, mode="nearest")
        by_axis = [
            ndimage.correlate1d(smooth, [-0.5, 0, 0.5], axis=axis, mode="nearest")
            for axis in (0, 1)
        ]
        squared = by_axis[0] ** 2 + by_axis[1] ** 2
        weights.append(min_weight + weight / (1 + contrast * squared))
    return np.stack(weights)


def minimum(f, w, bound=0.033, fidelity="poisson", tol=1e-6, max_iter=5000):
    """Call `minimize` with arrays."""
    u, dual, gaps = minimize(
        torch.from_numpy(f),
        torch.from_numpy(w),
        bound=bound,
        fidelity=fidelity,
        tol=tol,
        max_iter=max_iter,
    )
    return u.numpy(), [part.numpy() for part in dual], gaps.numpy()
