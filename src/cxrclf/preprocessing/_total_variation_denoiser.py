"""Denoising by adaptive total variation."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import set_own_threads, usable_threads
from cxrclf.preprocessing._image_transformer import ImageTransformer
from cxrclf.preprocessing._total_variation import (
    POISSON_LIMIT,
    edge_weights,
    minimize,
)


class TotalVariationDenoiser(ImageTransformer):
    """Remove noise and preserve edges, by adaptive total variation.

    For an image f, the result is the image u that minimizes::

        sum(u - f log u) + sum(w |grad u|)
        w = min_weight + weight / (1 + contrast |grad(G_sigma * f)|**2)

    The first sum is the negative log-likelihood under photon (Poisson) noise [1]_. The
    second sum penalizes variation. Its weights w are small on the edges of f, so edges
    are preserved. The edges are found after smoothing by a Gaussian G, in gray levels
    of [0, 255] for any type of pixels. With given weights, multiplying the image by 2
    multiplies the result by 2. The brightness of the image is preserved: if no pixel is
    black, the mean of f / u is 1, and u stays in the range of f.

    The minimization of each image stops when its duality gap is at most `tol` times its
    energy.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    weight : float, default=0.0075
        Weight of the variation far from edges, in [0, 0.25]. For the Poisson fidelity,
        it is a ratio of brightnesses: a pixel disappears if it differs from its
        surroundings by less than 3.4 times this fraction. The default removes grain and
        preserves ribs, vessels and lung markings. From 0.015, fine markings disappear.
        From 0.03, the lungs become flat. For the Gaussian fidelity, it is the `weight`
        of scikit-image's ``denoise_tv_chambolle``, and half of the value has about the
        same effect.
    min_weight : float, default=0.001
        Minimum weight of the variation, which remains on the strongest edges, in
        [0, 0.25].
    contrast : float, default=0.005
        Sensitivity to edges, 0 or more (k in the paper). The weight is halved where the
        gradient of the smoothed image is 1 / sqrt(contrast). By default, this is 14
        gray levels (of 255) per pixel. With 0, the weight is the same at all pixels.
    sigma : float, default=1.0
        Standard deviation, in pixels, of the Gaussian that smooths the image before
        edges are found, in [0, 100].
    n_reweightings : int, default=0
        Number of repetitions with new weights. Each repetition finds the edges of the
        denoised image and denoises the original image with their weights. In the paper,
        w depends on the solution u. That problem is not convex, and there is no
        guarantee of a unique solution or of convergence. On radiographs, repetitions
        after the second change little. With 0, the problem is convex, and the result is
        its only minimum.
    fidelity : {"poisson", "gaussian"}, default="poisson"
        Fidelity of u to f. ``"poisson"`` is the first sum above. ``"gaussian"`` is
        ``sum((u - f)**2) / 2`` with f in [0, 1]. With ``contrast=0``, it is the
        denoising of Rudin, Osher and Fatemi [2]_.
    tol : float, default=1e-4
        Maximum duality gap relative to the energy, in (0, 1). The energy is the sum
        above minus its value without noise and variation. The energy of the result
        exceeds the minimum by at most this fraction.
    max_iter : int, default=1000
        Maximum number of iterations. If it is reached, a ConvergenceWarning is issued.
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    device : {"auto"} or str, default="auto"
        Device of the computation. ``"auto"`` is CUDA if it is available, and else the
        CPU.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    cxrclf.images.ImageReader : Read image files without changing them.

    Notes
    -----
    Pixels change at most by the factor 1 / (1 - 3.42 w). Black pixels (0) stay black:
    for f = 0 the fidelity is u, and with these weights no reduction of variation is
    worth a larger u. Black noise on bright ground is therefore not removed.

    The weight in [1]_ has no factor and no minimum, and it uses the modulus of the
    gradient instead of its square. The paper does not describe the computation. Here,
    gradients are forward differences, which are zero across the border.

    The computation uses single precision, and double precision for float64 images. The
    method is the primal-dual method of [3]_ with three changes: the distance of the
    Poisson fidelity replaces the Euclidean distance, step sizes depend on the
    brightness of each pixel, and over-relaxation is used.

    References
    ----------
    .. [1] N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence, 2021, equation 5.
    .. [2] L. I. Rudin, S. Osher and E. Fatemi, "Nonlinear total variation based noise
       removal algorithms", Physica D, 1992.
    .. [3] A. Chambolle and T. Pock, "On the ergodic convergence rates of a
       first-order primal-dual algorithm", Mathematical Programming, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.preprocessing import TotalVariationDenoiser
    >>> steps = np.repeat([60, 180], 16) * np.ones((32, 1))
    >>> noisy = np.random.default_rng(0).poisson(steps).astype(np.uint8)[None]
    >>> denoised = TotalVariationDenoiser(weight=0.1).fit_transform(noisy)
    >>> print(*(np.abs(images - steps).mean().round() for images in (noisy, denoised)))
    9.0 1.0
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "weight": [Interval(Real, 0, POISSON_LIMIT, closed="both")],
        "min_weight": [Interval(Real, 0, POISSON_LIMIT, closed="both")],
        "contrast": [Interval(Real, 0, None, closed="left")],
        "sigma": [Interval(Real, 0, 100, closed="both")],
        "n_reweightings": [Interval(Integral, 0, None, closed="left")],
        "fidelity": [StrOptions({"poisson", "gaussian"})],
        "tol": [Interval(Real, 0, 1, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "device": [str, torch.device],
    }

    def __init__(
        self,
        weight=0.0075,
        *,
        min_weight=0.001,
        contrast=0.005,
        sigma=1.0,
        n_reweightings=0,
        fidelity="poisson",
        tol=1e-4,
        max_iter=1000,
        image_size=224,
        device="auto",
        cache_dir=None,
        verbose=0,
    ):
        self.weight = weight
        self.min_weight = min_weight
        self.contrast = contrast
        self.sigma = sigma
        self.n_reweightings = n_reweightings
        self.fidelity = fidelity
        self.tol = tol
        self.max_iter = max_iter
        self.image_size = image_size
        self.device = device
        self.cache_dir = cache_dir
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        if self.weight + self.min_weight > POISSON_LIMIT:
            raise ValueError(
                f"weight + min_weight must be at most {POISSON_LIMIT}, got "
                f"{self.weight} + {self.min_weight}. Decrease one of them. Larger "
                "weights would remove details twice as bright as their surroundings."
            )
        resolve_device(self.device)

    def _begin(self):
        self._gaps = []

    def _end(self):
        gaps = np.array(self.__dict__.pop("_gaps"))
        unfinished = gaps > self.tol
        if unfinished.any():
            warnings.warn(
                f"{unfinished.sum()} of {len(gaps)} images did not reach "
                f"tol={self.tol} in max_iter={self.max_iter} iterations; the largest "
                "relative duality "
                f"gap is {gaps.max():.2g}. Increase max_iter or tol, or decrease "
                "weight.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _transform_images(self, images):
        device = resolve_device(self.device)
        dtype = torch.float64 if images.dtype == np.float64 else torch.float32
        denoise = partial(self._denoise, device=device, dtype=dtype)
        if device.type != "cpu":
            out, gaps = denoise(images)
        else:
            # One image per thread: its buffers fit the caches of one core.
            parts = _map_on_threads(denoise, np.split(images, len(images)))
            out, gaps = (np.concatenate(values) for values in zip(*parts, strict=True))
        self._gaps.extend(gaps)
        return out

    @torch.no_grad()
    def _denoise(self, images, device, dtype):
        """Denoise images, and return them in their type with the largest gap of each.

        With `n_reweightings`, each image has one gap per minimization.
        """
        scale = 1.0
        if images.dtype.kind == "u":
            scale = float(np.iinfo(images.dtype).max)
        f = torch.from_numpy(images).to(device=device, dtype=dtype) / scale
        u, dual, gaps = f, None, 0.0
        for _ in range(self.n_reweightings + 1):
            weights = edge_weights(
                255 * u,
                weight=self.weight,
                min_weight=self.min_weight,
                contrast=self.contrast,
                sigma=self.sigma,
            )
            u, dual, gap = minimize(
                f,
                weights,
                bound=self.weight + self.min_weight,
                fidelity=self.fidelity,
                tol=self.tol,
                max_iter=self.max_iter,
                dual=dual,
            )
            gaps = np.maximum(gaps, gap.cpu().numpy())
        # The minimum lies in the range of f. Clipping removes the small excess of an
        # approximate solution.
        u = torch.clamp(u, f.amin((1, 2), keepdim=True), f.amax((1, 2), keepdim=True))
        if scale != 1.0:
            u = torch.round(u * scale)
        return u.cpu().numpy().astype(images.dtype), gaps


def _map_on_threads(function, batches):
    """Call a function on each batch, with one thread per batch."""
    n_threads = usable_threads(None)
    with ThreadPoolExecutor(
        n_threads, "cxrclf-denoise", set_own_threads, initargs=(1,)
    ) as pool:
        return list(pool.map(function, batches))
