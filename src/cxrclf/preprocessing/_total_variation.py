"""Solver for total-variation denoising, with a certified error of the result.

The solver is the over-relaxed primal-dual method of Chambolle and Pock. The distance
in its primal step is chosen for the fidelity. For the Poisson fidelity, the primal
variable is the ratio x = f / u, and its step is an average of the previous x and of
1 - div p. No square root is needed, and x stays positive for any image f because
|div p| <= (2 + sqrt 2) w < 1. The duality gap certifies the error.
"""

import math

import torch
from torch.nn.functional import pad

# Maximum weight for the Poisson fidelity: (2 + sqrt 2) w < 1 keeps f / u positive.
POISSON_LIMIT = 0.25
_MAX_DIVERGENCE = 2 + math.sqrt(2)  # of a discrete field of unit vectors
_RELAXATION = 1.9
# Iterations before the first check of the gap, and between two checks.
_FIRST_CHECK, _MIN_STEP, _MAX_STEP = 16, 4, 40


def edge_weights(images, *, weight, min_weight, contrast, sigma):
    """Compute the weights of the total variation, which are small on edges.

    Parameters
    ----------
    images : Tensor of shape (b, H, W)
        Gray levels in [0, 255].
    weight, min_weight, contrast, sigma : float
        Parameters of :class:`~cxrclf.preprocessing.TotalVariationDenoiser`.

    Returns
    -------
    Tensor of shape (b, H, W)
        ``min_weight + weight / (1 + contrast * |gradient|**2)``. The gradient consists
        of central differences of the smoothed images.
    """
    smooth = _smooth(_smooth(images, sigma, 2), sigma, 1)
    around = pad(smooth, (1, 1, 1, 1), mode="replicate")
    vertical = (around[:, 2:, 1:-1] - around[:, :-2, 1:-1]) / 2
    horizontal = (around[:, 1:-1, 2:] - around[:, 1:-1, :-2]) / 2
    squared = vertical.square() + horizontal.square()
    return min_weight + weight / (1 + contrast * squared)


def _smooth(images, sigma, axis):
    """Smooth images along an axis by a Gaussian. Border pixels are repeated outside."""
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return images
    kernel = torch.exp(
        -0.5 * (torch.arange(-radius, radius + 1.0, dtype=torch.float64) / sigma) ** 2
    )
    sides = (radius, radius, 0, 0) if axis == 2 else (0, 0, radius, radius)
    around = pad(images, sides, mode="replicate")
    out = torch.zeros_like(images)  # faster than a convolution of one channel
    for start, factor in enumerate((kernel / kernel.sum()).tolist()):
        out.add_(around.narrow(axis, start, images.shape[axis]), alpha=factor)
    return out


def minimize(images, weights, *, bound, fidelity, tol, max_iter, dual=None):
    """Minimize a fidelity plus the weighted total variation to a given duality gap.

    Parameters
    ----------
    images : Tensor of shape (b, H, W)
        Nonnegative float pixels.
    weights : Tensor of shape (b, H, W)
        Nonnegative weight of the gradient at each pixel.
    bound : float
        Upper bound of all weights. For ``"poisson"``, at most ``POISSON_LIMIT``.
    fidelity : {"poisson", "gaussian"}
        Sum of ``u - f + f log(f / u)`` or of ``(u - f)**2 / 2``.
    tol : float
        Maximum duality gap of the result, relative to the energy of the image.
    max_iter : int
        Maximum number of iterations.
    dual : tuple of two Tensors of shape (b, H, W), optional
        Dual solution to start from, as returned by a previous call.

    Returns
    -------
    denoised : Tensor of shape (b, H, W)
        Denoised images.
    dual : tuple of two Tensors of shape (b, H, W)
        Vertical and horizontal components of the dual solution. Their length is at most
        `weights`. The gap can be verified from `denoised` and `dual`.
    gaps : Tensor of shape (b,), float64
        Duality gap divided by the energy. It bounds the relative difference between the
        energy of the denoised image and the minimum.
    """
    denoised, down, right = (torch.empty_like(images) for _ in range(3))
    gaps = images.new_empty(len(images), dtype=torch.float64)
    state = _Iteration(images, weights, max(bound, 1e-6), fidelity, dual)
    rows = torch.arange(len(images), device=images.device)
    done_at, check, last = 0, min(_FIRST_CHECK, max_iter), None
    while True:
        # Images that have converged are stored and leave the iteration.
        for _ in range(check - done_at):
            state.step()
        done_at = check
        found, gap = state.solution()
        done = gap <= tol if done_at < max_iter else torch.ones_like(gap, dtype=bool)
        if done.any():
            for out, values in zip((denoised, down, right), found, strict=True):
                out[rows[done]] = values[done]
            gaps[rows[done]] = gap[done]
            if done.all():
                return denoised, (down, right), gaps
            rows, gap = rows[~done], gap[~done]
            state.select(~done)
            last = None if last is None else (last[0], last[1][~done])
        check = min(_next_check(done_at, gap, last, tol), max_iter)
        last = done_at, gap


def _next_check(now, gap, last, tol):
    """Return the iteration in which the first image will probably converge.

    The estimate assumes that gaps shrink by a constant factor per iteration.
    """
    # Before the first iteration, the gap is about as large as the energy.
    before, former = (0, torch.ones_like(gap)) if last is None else last
    rate = torch.log(former / gap).clamp(min=1e-9) / (now - before)
    step = float((torch.log(gap / tol) / rate).min())
    return now + max(_MIN_STEP, math.ceil(min(_MAX_STEP, step)))


class _Iteration:
    """Primal-dual iterations on a batch, in buffers that are allocated once.

    Each image is a row of a matrix. Each line of an image has an extra pixel at its
    end, and each buffer has a line of zeros before or after the image. The neighbor of
    a pixel is then always a shift of the row, without special cases at the borders.
    `ratio` is f / u for the Poisson fidelity and f - u for the Gaussian fidelity.
    """

    def __init__(self, images, weights, bound, fidelity, dual):
        self.poisson = fidelity == "poisson"
        b, height, width = images.shape
        self.line = width + 1
        if self.poisson:
            # The second derivative of the fidelity in u is at least 1 / metric.
            brightest = images.amax((1, 2), keepdim=True)
            floor = 1e-4 * torch.where(brightest > 0, brightest, 1.0)
            metric = torch.maximum(images, floor) / (1 - _MAX_DIVERGENCE * bound) ** 2
        else:
            metric = torch.ones_like(images)
        # tau balances the primal and the dual step. The constant 0.011 needed the
        # fewest iterations on radiographs.
        tau = 0.011 / math.sqrt(bound if self.poisson else 2 * bound)
        self.share = tau / (1 + tau)
        near = metric.clone()
        torch.maximum(near[:, :-1], metric[:, 1:], out=near[:, :-1])
        torch.maximum(near[..., :-1], metric[..., 1:], out=near[..., :-1])
        step = 1 / (8 * tau * near)  # 8 bounds the squared norm of the gradient
        self.step_down, self.step_right = self._flatten(step), self._flatten(step)
        self._lines(self.step_down)[:, -1] = 0
        self._lines(self.step_right)[..., width - 1] = 0
        self.images = self._flatten(images)
        # The extra pixels of the lines have weight 1. It has no effect, but prevents
        # 0 / 0.
        self.weights = self._flatten(weights.clamp(min=1e-18), beyond=1.0)
        self.squared = self.weights.square()
        # Gaps below this bound are rounding errors.
        eps = torch.finfo(images.dtype).eps
        self.rounding = eps * self._sums(self.weights.clamp(min=1e-3) * self.images)
        zeros = images.new_zeros((b, self.line + height * self.line))
        self.down, self.right, self.pixels = zeros, zeros.clone(), zeros.clone()
        if dual is not None:
            self.down[:, self.line :] = self._flatten(dual[0])
            self.right[:, self.line :] = self._flatten(dual[1])
        start = torch.empty_like(self.images)
        self.ratio = self._compute_ratio(self.down, self.right, out=start)
        self._allocate()

    def _allocate(self):
        """Allocate the buffers that are only used within a step."""
        self.target, self.ahead, self.size, *self.scratch = (
            torch.empty_like(self.images) for _ in range(5)
        )
        self.new_down, self.new_right = (torch.zeros_like(self.down) for _ in range(2))

    def _flatten(self, values, beyond=0.0):
        """Return images as rows, with an extra pixel at the end of each line."""
        return pad(values, (0, 1), value=beyond).flatten(1)

    def _lines(self, flat):
        """Return rows as images, with the extra pixel at the end of each line."""
        return flat.view(len(flat), -1, self.line)

    def _sums(self, flat):
        """Return the sum of each image. Sums over lines are in double precision."""
        return self._lines(flat).sum(2).sum(1, dtype=torch.float64)

    def _compute_ratio(self, down, right, out):
        """Compute the optimal ratio for a dual variable: 1 - div or -div."""
        line = self.line
        torch.sub(down[:, :-line], down[:, line:], out=out)
        out.sub_(right[:, line:]).add_(right[:, line - 1 : -1])
        return out.add_(1) if self.poisson else out

    def _compute_image(self, ratio, out):
        """Compute the image u from the ratio."""
        if self.poisson:
            return torch.div(self.images, ratio, out=out)
        return torch.sub(self.images, ratio, out=out)

    def step(self):
        """Do one iteration: update the primal and then the dual variable."""
        line, pixels = self.line, self.pixels
        down, right = self.down[:, line:], self.right[:, line:]
        self._compute_ratio(self.down, self.right, out=self.target)
        torch.lerp(self.ratio, self.target, 2 * self.share, out=self.ahead)
        self.ratio.lerp_(self.target, _RELAXATION * self.share)
        u = self._compute_image(self.ahead, out=pixels[:, :-line])
        # Gradient ascent of the dual variable with step sizes per pixel.
        new_down, new_right = self.new_down[:, line:], self.new_right[:, line:]
        torch.sub(pixels[:, line:], u, out=new_down)
        torch.sub(pixels[:, 1 : 1 - line], u, out=new_right)
        new_down.mul_(self.step_down).add_(down)
        new_right.mul_(self.step_right).add_(right)
        # Projection: vectors longer than the weight are scaled to the weight.
        torch.mul(new_down, new_down, out=self.size)
        self.size.addcmul_(new_right, new_right)
        torch.maximum(self.size, self.squared, out=self.size)
        self.size.rsqrt_().mul_(self.weights)
        new_down.mul_(self.size)
        new_right.mul_(self.size)
        down.lerp_(new_down, _RELAXATION)
        right.lerp_(new_right, _RELAXATION)

    def solution(self):
        """Return images and dual variables, valid until the next step, and gaps.

        The gap is a sum of nonnegative terms, so single precision suffices. The term of
        the fidelity is a close upper bound.
        """
        f, line, size = self.images, self.line, self.size
        down, right = self.new_down[:, line:], self.new_right[:, line:]
        ratio = torch.lerp(
            self.target, self.ratio, self._unrelaxed_weight(), out=self.ahead
        )
        u = self._compute_image(ratio, out=self.pixels[:, :-line])
        by_down, by_right = self.scratch
        torch.sub(self.pixels[:, line:], u, out=by_down)
        torch.sub(self.pixels[:, 1 : 1 - line], u, out=by_right)
        self._lines(by_down)[:, -1] = 0
        self._lines(by_right)[..., -2:] = 0
        torch.mul(by_down, by_down, out=size).addcmul_(by_right, by_right)
        size.sqrt_().mul_(self.weights).addcmul_(down, by_down, value=-1)
        gap = self._sums(size.addcmul_(right, by_right, value=-1))
        wanted = self._compute_ratio(self.new_down, self.new_right, out=self.target)
        excess = by_down
        if self.poisson:
            # With r = wanted / ratio: r - 1 - log r <= (r - 1)**2 / (2 min(r, 1)).
            torch.div(wanted, ratio, out=excess)
            torch.clamp(excess, max=1, out=size)
            gap += self._sums(excess.sub_(1).square_().mul_(f).div_(size)) / 2
            dual = self._sums(wanted.log_().mul_(f))
        else:
            torch.sub(ratio, wanted, out=excess)
            gap += self._sums(excess.square_()) / 2
            dual = self._sums(torch.add(f, wanted, alpha=-0.5).mul_(wanted))
        # Smaller gaps are rounding errors.
        gap = torch.where(gap <= self.rounding, 0.0, gap)
        energy = (gap + dual).clamp(min=torch.finfo(torch.float64).tiny)
        found = (self._lines(v)[..., :-1] for v in (u, down, right))
        return tuple(found), gap / energy

    def _unrelaxed_weight(self):
        """Return the weight of the relaxed ratio in the ratio without relaxation."""
        return (1 - self.share) / (1 - _RELAXATION * self.share)

    def select(self, chosen):
        """Continue with a subset of the images."""
        for name in (
            *("images", "weights", "squared", "step_down", "step_right"),
            *("down", "right", "pixels", "ratio", "rounding"),
        ):
            setattr(self, name, getattr(self, name)[chosen])
        self._allocate()
