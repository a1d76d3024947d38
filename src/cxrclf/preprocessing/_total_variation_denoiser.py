"""Denoising that keeps edges and the brightness of an image."""

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
    """Remove noise and keep edges, by adaptive total variation.

    Of an image f it makes the image u that minimises::

        sum(u - f log u) + sum(w |grad u|)
        w = min_weight + weight / (1 + contrast |grad(G_sigma * f)|**2)

    that is, the likeliest image under photon (Poisson) noise, with little variation
    where f has no edges [1]_. The weights w are small on edges of f, smoothed by a
    Gaussian G, so that these stay; grey levels for this are in [0, 255] whatever the
    type of the pixels. With given weights, twice as bright an image gives twice as
    bright a result. The image gets neither brighter nor darker: f / u has the mean 1
    where no pixel is black, and u stays in the range of f.

    Every image is minimised until its duality gap shows how close it is to the
    minimum: to `tol` of its energy.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    weight : float, default=0.0075
        How much variation costs where there is no edge, in [0, 0.25]. For the Poisson
        fidelity it is a ratio of brightnesses: a pixel that differs from its
        surroundings by less than 3.4 times this share disappears in them. The default
        takes grain and leaves ribs, vessels and lung markings; from 0.015 on fine
        markings go, from 0.03 on lungs are flat. For the Gaussian fidelity it is the
        weight of scikit-image's ``denoise_tv_chambolle``, and half of it does about
        the same.
    min_weight : float, default=0.001
        What is left of it on the strongest edges, in [0, 0.25].
    contrast : float, default=0.005
        The paper's k, at least 0: the weight is halved where the smoothed image has a
        gradient of 1 / sqrt(contrast), 14 grey levels (of 255) a pixel. With 0 the
        weight is the same everywhere.
    sigma : float, default=1.0
        Standard deviation of the Gaussian that smooths the image before its edges are
        sought, in pixels, in [0, 100].
    n_reweightings : int, default=0
        How often edges are sought again, in the denoised image, and the original
        denoised with their weights. In the paper w depends on u, that is, on the
        solution; this problem is not convex, and nothing guarantees that it has one
        solution or that repetitions approach it, though on radiographs what follows
        the second changes little. With 0 the problem is convex, and the result is its
        only minimum.
    fidelity : {"poisson", "gaussian"}, default="poisson"
        How u is held to f. ``"gaussian"`` has ``sum((u - f)**2) / 2``, with f in
        [0, 1]: with ``contrast=0`` it is the denoising of Rudin, Osher and Fatemi [2]_.
    tol : float, default=1e-4
        Largest duality gap relative to the energy, which is the sum above less its
        value without noise and variation. In (0, 1). The energy of the result exceeds
        the least one by no more than this part.
    max_iter : int, default=1000
        Largest number of iterations; a ConvergenceWarning says if it was reached.
    image_size : int or (int, int), default=224
        Size at which files are read, in pixels.
    device : {"auto"} or str, default="auto"
        Where it is computed: ``"auto"`` is CUDA where there is one, else the CPU.
    cache_dir : path-like, optional
        Where decoded files are kept; by default in a temporary folder.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    cxrclf.images.ImageReader : Reads image files without changing them.

    Notes
    -----
    Pixels change by no more than the factor 1 / (1 - 3.42 w), and black ones (0) stay
    black: with f = 0 the fidelity is u, and no variation of these weights makes up
    for a larger u. So noise that is black on bright ground stays.

    In [1]_ the weight has no factor and no minimum, and the modulus of the gradient,
    not its square. `tol`, `max_iter` and all else about the computation are not given
    there. Gradients are forward differences, with no flow over the border.

    Computed in single precision, for float64 images in double, by the primal-dual
    method of [3]_ with the distance of the Poisson fidelity in place of the Euclidean
    one, steps that fit the brightness of each pixel, and over-relaxation.

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
                f"{self.weight} + {self.min_weight}. Choose smaller ones: more would "
                "smooth away what is twice as bright as its surroundings."
            )
        resolve_device(self.device)

    def _begin(self):
        self._gaps = []

    def _end(self):
        gaps = np.array(self.__dict__.pop("_gaps"))
        late = gaps > self.tol
        if late.any():
            warnings.warn(
                f"{late.sum()} of {len(gaps)} images did not reach tol={self.tol} in "
                f"max_iter={self.max_iter} iterations; the largest relative duality "
                f"gap is {gaps.max():.2g}. Increase max_iter or tol, or decrease "
                "weight.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _transform_images(self, images):
        device = resolve_device(self.device)
        dtype = torch.float64 if images.dtype == np.float64 else torch.float32
        denoise = partial(self._denoised, device=device, dtype=dtype)
        if device.type != "cpu":
            out, gaps = denoise(images)
        else:
            # An image a thread: its buffers stay in the caches of one core.
            parts = _on_threads(denoise, np.split(images, len(images)))
            out, gaps = (np.concatenate(values) for values in zip(*parts, strict=True))
        self._gaps.extend(gaps)
        return out

    @torch.no_grad()
    def _denoised(self, images, device, dtype):
        """Return images in their type, and the largest of each one's gaps."""
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
        # The minimum is in this range, and so is what is as close to it.
        u = torch.clamp(u, f.amin((1, 2), keepdim=True), f.amax((1, 2), keepdim=True))
        if scale != 1.0:
            u = torch.round(u * scale)
        return u.cpu().numpy().astype(images.dtype), gaps


def _on_threads(function, batches):
    """Return the function of each batch; each is computed by one thread."""
    n_threads = usable_threads(None)
    with ThreadPoolExecutor(
        n_threads, "cxrclf-denoise", set_own_threads, initargs=(1,)
    ) as pool:
        return list(pool.map(function, batches))
