"""Total-variation denoising: weights, and a solver that certifies what it returns.

The solver is the primal-dual method of Chambolle and Pock, over-relaxed, with the
distance in the primal step that fits the fidelity. With x the ratio f / u, the step
for the Poisson fidelity is a mean of the former x and of 1 - div p: no root is taken,
and as |div p| <= (2 + sqrt 2) w < 1, x stays positive whatever f is.
"""

import math

import torch
from torch.nn.functional import pad

POISSON_LIMIT = 0.25  # of the weights: (2 + sqrt 2) w < 1 keeps f / u positive
_DIVERGENCE = 2 + math.sqrt(2)  # of a field of unit vectors, at most
_RELAXATION = 1.9
_FIRST_CHECK, _LEAST_STEP, _MOST_STEP = 16, 4, 40  # iterations between looks at the gap


def edge_weights(images, *, weight, min_weight, contrast, sigma):
    """Return the weights of the total variation: little on edges.

    Parameters
    ----------
    images : Tensor of shape (b, H, W)
        Grey levels in [0, 255].
    weight, min_weight, contrast, sigma : float
        As those of :class:`~cxrclf.preprocessing.TotalVariationDenoiser`.

    Returns
    -------
    Tensor of shape (b, H, W)
        ``min_weight + weight / (1 + contrast * |gradient|**2)``, with central
        differences of the images smoothed by a Gaussian.
    """
    smooth = _smoothed(_smoothed(images, sigma, 2), sigma, 1)
    around = pad(smooth, (1, 1, 1, 1), mode="replicate")
    vertical = (around[:, 2:, 1:-1] - around[:, :-2, 1:-1]) / 2
    horizontal = (around[:, 1:-1, 2:] - around[:, 1:-1, :-2]) / 2
    squared = vertical.square() + horizontal.square()
    return min_weight + weight / (1 + contrast * squared)


def _smoothed(images, sigma, axis):
    """Return images smoothed along an axis; borders are continued."""
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
    """Minimise a fidelity plus the weighted total variation, to a certified gap.

    Parameters
    ----------
    images : Tensor of shape (b, H, W)
        Float pixels, not negative.
    weights : Tensor of shape (b, H, W)
        Of each pixel's gradient, not negative.
    bound : float
        What no weight exceeds; for ``"poisson"`` at most ``POISSON_LIMIT``.
    fidelity : {"poisson", "gaussian"}
        The sum of ``u - f + f log(f / u)`` or of ``(u - f)**2 / 2``.
    tol : float
        An image is done when its duality gap is at most this part of its energy.
    max_iter : int
    dual : tuple of two Tensors of shape (b, H, W), optional
        A dual solution to begin with, as returned.

    Returns
    -------
    denoised : Tensor of shape (b, H, W)
    dual : tuple of two Tensors of shape (b, H, W)
        Vertical and horizontal part, in length at most `weights`: with it anybody
        can compute the gap.
    gaps : Tensor of shape (b,), float64
        Duality gap by energy: the denoised image's energy exceeds the least one by
        no more than this part.
    """
    denoised, down, right = (torch.empty_like(images) for _ in range(3))
    gaps = images.new_empty(len(images), dtype=torch.float64)
    state = _Iteration(images, weights, max(bound, 1e-6), fidelity, dual)
    rows = torch.arange(len(images), device=images.device)
    done_at, check, last = 0, min(_FIRST_CHECK, max_iter), None
    while True:
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
            state.keep(~done)
            last = None if last is None else (last[0], last[1][~done])
        check = min(_next_check(done_at, gap, last, tol), max_iter)
        last = done_at, gap


def _next_check(now, gap, last, tol):
    """Return the iteration in which the first image is likely to be done.

    Gaps shrink by about the same factor in each iteration.
    """
    # Before the first iteration a gap is about the energy.
    before, former = (0, torch.ones_like(gap)) if last is None else last
    rate = torch.log(former / gap).clamp(min=1e-9) / (now - before)
    step = float((torch.log(gap / tol) / rate).min())
    return now + max(_LEAST_STEP, math.ceil(min(_MOST_STEP, step)))


class _Iteration:
    """Primal-dual iterations on a batch, in buffers that are allocated once.

    Images are rows of a matrix, their lines end in one more pixel, and buffers have
    a line of zeros before or after them: a neighbour is then a shift, without cases
    at the borders. `ratio` is f / u for the Poisson fidelity and f - u for the
    Gaussian one.
    """

    def __init__(self, images, weights, bound, fidelity, dual):
        self.poisson = fidelity == "poisson"
        b, height, width = images.shape
        self.line = width + 1
        if self.poisson:
            # Its second derivative in u is at least 1 / metric.
            brightest = images.amax((1, 2), keepdim=True)
            floor = 1e-4 * torch.where(brightest > 0, brightest, 1.0)
            metric = torch.maximum(images, floor) / (1 - _DIVERGENCE * bound) ** 2
        else:
            metric = torch.ones_like(images)
        # Balances the two steps; the best over radiographs, measured.
        tau = 0.011 / math.sqrt(bound if self.poisson else 2 * bound)
        self.share = tau / (1 + tau)
        near = metric.clone()
        torch.maximum(near[:, :-1], metric[:, 1:], out=near[:, :-1])
        torch.maximum(near[..., :-1], metric[..., 1:], out=near[..., :-1])
        step = 1 / (8 * tau * near)  # 8: the square of the gradient's norm, at most
        self.step_down, self.step_right = self._flat(step), self._flat(step)
        self._lines(self.step_down)[:, -1] = 0
        self._lines(self.step_right)[..., width - 1] = 0
        self.images = self._flat(images)
        # Beyond the lines a weight of any size, so that no 0 / 0 arises.
        self.weights = self._flat(weights.clamp(min=1e-18), beyond=1.0)
        self.squared = self.weights.square()
        eps = torch.finfo(images.dtype).eps
        self.rounding = eps * self._sums(self.weights.clamp(min=1e-3) * self.images)
        zeros = images.new_zeros((b, self.line + height * self.line))
        self.down, self.right, self.pixels = zeros, zeros.clone(), zeros.clone()
        if dual is not None:
            self.down[:, self.line :] = self._flat(dual[0])
            self.right[:, self.line :] = self._flat(dual[1])
        start = torch.empty_like(self.images)
        self.ratio = self._towards(self.down, self.right, out=start)
        self._allocate()

    def _allocate(self):
        """Make the buffers whose values do not outlive a step."""
        self.target, self.ahead, self.size, *self.scratch = (
            torch.empty_like(self.images) for _ in range(5)
        )
        self.new_down, self.new_right = (torch.zeros_like(self.down) for _ in range(2))

    def _flat(self, values, beyond=0.0):
        return pad(values, (0, 1), value=beyond).flatten(1)

    def _lines(self, flat):
        return flat.view(len(flat), -1, self.line)

    def _sums(self, flat):
        """Return sums of images: lines in their precision, images in double."""
        return self._lines(flat).sum(2).sum(1, dtype=torch.float64)

    def _towards(self, down, right, out):
        """Write the ratio that the dual variable asks for: 1 - div or -div."""
        line = self.line
        torch.sub(down[:, :-line], down[:, line:], out=out)
        out.sub_(right[:, line:]).add_(right[:, line - 1 : -1])
        return out.add_(1) if self.poisson else out

    def _primal(self, ratio, out):
        if self.poisson:
            return torch.div(self.images, ratio, out=out)
        return torch.sub(self.images, ratio, out=out)

    def step(self):
        """Do one iteration: the primal variable, then the dual one."""
        line, pixels = self.line, self.pixels
        down, right = self.down[:, line:], self.right[:, line:]
        self._towards(self.down, self.right, out=self.target)
        torch.lerp(self.ratio, self.target, 2 * self.share, out=self.ahead)
        self.ratio.lerp_(self.target, _RELAXATION * self.share)
        u = self._primal(self.ahead, out=pixels[:, :-line])
        new_down, new_right = self.new_down[:, line:], self.new_right[:, line:]
        torch.sub(pixels[:, line:], u, out=new_down)
        torch.sub(pixels[:, 1 : 1 - line], u, out=new_right)
        new_down.mul_(self.step_down).add_(down)
        new_right.mul_(self.step_right).add_(right)
        torch.mul(new_down, new_down, out=self.size)
        self.size.addcmul_(new_right, new_right)
        torch.maximum(self.size, self.squared, out=self.size)
        self.size.rsqrt_().mul_(self.weights)
        new_down.mul_(self.size)
        new_right.mul_(self.size)
        down.lerp_(new_down, _RELAXATION)
        right.lerp_(new_right, _RELAXATION)

    def solution(self):
        """Return images with their dual variables, until the next step, and gaps.

        The gap is a sum of terms none of which is negative, for which single
        precision suffices. That of the fidelity is a close bound, from above.
        """
        f, line, size = self.images, self.line, self.size
        down, right = self.new_down[:, line:], self.new_right[:, line:]
        ratio = torch.lerp(self.target, self.ratio, self._unrelaxed(), out=self.ahead)
        u = self._primal(ratio, out=self.pixels[:, :-line])
        by_down, by_right = self.scratch
        torch.sub(self.pixels[:, line:], u, out=by_down)
        torch.sub(self.pixels[:, 1 : 1 - line], u, out=by_right)
        self._lines(by_down)[:, -1] = 0
        self._lines(by_right)[..., -2:] = 0
        torch.mul(by_down, by_down, out=size).addcmul_(by_right, by_right)
        size.sqrt_().mul_(self.weights).addcmul_(down, by_down, value=-1)
        gap = self._sums(size.addcmul_(right, by_right, value=-1))
        wanted = self._towards(self.new_down, self.new_right, out=self.target)
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
        # Differences smaller than these are those of rounded pixels.
        gap = torch.where(gap <= self.rounding, 0.0, gap)
        energy = (gap + dual).clamp(min=torch.finfo(torch.float64).tiny)
        found = (self._lines(v)[..., :-1] for v in (u, down, right))
        return tuple(found), gap / energy

    def _unrelaxed(self):
        """Return the share of the relaxed ratio in the plain one."""
        return (1 - self.share) / (1 - _RELAXATION * self.share)

    def keep(self, chosen):
        """Go on with some images only."""
        for name in (
            *("images", "weights", "squared", "step_down", "step_right"),
            *("down", "right", "pixels", "ratio", "rounding"),
        ):
            setattr(self, name, getattr(self, name)[chosen])
        self._allocate()
