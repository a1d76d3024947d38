"""Normalisation that learns whose statistics to take."""

import torch
from torch import nn


class SwitchableNorm2d(nn.Module):
    r"""Normalise maps with a learnt mix of instance, layer and batch statistics.

    As in [1]_. With μ and σ² of each image and channel (instance), of each image
    (layer) and of each channel (batch),

    .. math::

        y = \gamma \frac{x - \sum_k w_k \mu_k}{\sqrt{\sum_k w'_k \sigma_k^2 + \epsilon}}
        + \beta, \qquad k \in \{\text{instance, layer, batch}\},

    where w and w' are softmaxes of `mean_weight` and `var_weight`, which are trained
    as γ and β are and shared by all channels. The statistics of layer and batch are
    those of the instances, averaged, so that all cost one reading of the map.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float, default=1e-5
        Added to the variance; 0 or more.
    momentum : float, default=0.9
        Share of the running statistics that a batch leaves as it is, in [0, 1]: as in
        the authors' code, and one minus what torch's layers call momentum.
    last_gamma : bool, default=False
        Whether γ begins at 0 instead of 1, for the last layer of a residual branch.

    Attributes
    ----------
    weight, bias : Parameter of shape (num_features,)
        γ and β.
    mean_weight, var_weight : Parameter of shape (3,)
        Logits of instance, layer and batch, in this order; 1 at first.
    running_mean, running_var : Tensor of shape (num_features,)
        Moving averages of the batch's statistics, taken instead of them in inference
        mode; 0 at first, both of them. Those of instance and layer always are the
        image's own.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The variance of an instance is unbiased (over H·W - 1), as in the authors' code.
    A map of a single value, of which theirs makes NaN, has variance 0. Statistics are
    computed in float32 at least; the result has the type and the memory format of
    the map. A batch may be a single image.

    References
    ----------
    .. [1] P. Luo, J. Ren, Z. Peng, R. Zhang, J. Li, "Differentiable
       learning-to-normalize via switchable normalization", ICLR 2019.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import SwitchableNorm2d
    >>> norm = SwitchableNorm2d(8)
    >>> maps = norm(torch.arange(2 * 8 * 4 * 4.0).reshape(2, 8, 4, 4))
    >>> maps.shape, bool(maps.mean().abs() < 1e-5)
    (torch.Size([2, 8, 4, 4]), True)
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.9, *, last_gamma=False):
        super().__init__()
        if num_features < 1:
            raise ValueError(f"num_features must be 1 or more, got {num_features!r}.")
        if not eps >= 0:
            raise ValueError(f"eps must be 0 or more, got {eps!r}.")
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must lie in [0, 1], got {momentum!r}.")
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.last_gamma = last_gamma
        self.weight = nn.Parameter(torch.empty(num_features))
        self.bias = nn.Parameter(torch.empty(num_features))
        self.mean_weight = nn.Parameter(torch.empty(3))
        self.var_weight = nn.Parameter(torch.empty(3))
        self.register_buffer("running_mean", torch.empty(num_features))
        self.register_buffer("running_var", torch.empty(num_features))
        self.reset_parameters()

    def reset_parameters(self):
        """Set parameters and running statistics to what they are at first."""
        nn.init.constant_(self.weight, 0.0 if self.last_gamma else 1.0)
        nn.init.ones_(self.mean_weight)
        nn.init.ones_(self.var_weight)
        for zero in (self.bias, self.running_mean, self.running_var):
            nn.init.zeros_(zero)

    def forward(self, maps):
        """Normalise maps.

        Parameters
        ----------
        maps : Tensor of shape (b, num_features, H, W)

        Returns
        -------
        Tensor of shape (b, num_features, H, W)

        Raises
        ------
        ValueError
            If the maps have another shape.
        """
        if maps.ndim != 4 or maps.shape[1] != self.num_features:
            raise ValueError(
                f"Maps must have the shape (b, {self.num_features}, H, W), got "
                f"{tuple(maps.shape)}."
            )
        instance = _Moments.apply(maps)
        layer = _averaged(*instance, 1)
        if self.training:
            batch = _averaged(*instance, 0)
            self._remember(*batch)
        else:
            batch = self.running_mean, self.running_var
        of_mean, of_var = self.mean_weight.softmax(0), self.var_weight.softmax(0)
        kinds = instance, layer, batch
        mean = sum(w * m for w, (m, _) in zip(of_mean, kinds, strict=True))
        var = sum(w * v for w, (_, v) in zip(of_var, kinds, strict=True))
        scale = self.weight * torch.rsqrt(var + self.eps)
        return _Affine.apply(maps, scale, self.bias - mean * scale)

    def extra_repr(self):
        """Return the settings, for ``repr``."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{text}, last_gamma=True" if self.last_gamma else text

    @torch.no_grad()
    def _remember(self, mean, var):
        for running, value in ((self.running_mean, mean), (self.running_var, var)):
            running.lerp_(value[0].to(running.dtype), 1 - self.momentum)


def _averaged(mean, var, dim):
    """Return mean and variance over images or channels, from those of instances.

    The variance is E[σ² + μ²] - E[μ]² without the difference of two large numbers.
    """
    total = mean.mean(dim, keepdim=True)
    return total, (var + (mean - total).square()).mean(dim, keepdim=True)


class _Moments(torch.autograd.Function):
    """Mean and unbiased variance of each image and channel, of shape (b, c).

    torch.var_mean takes ten times as long, and what autograd would keep of this is
    more than the map.
    """

    @staticmethod
    def forward(ctx, maps):
        """Compute the moments in float32 at least."""
        dtype = torch.promote_types(maps.dtype, torch.float32)
        mean = maps.mean((2, 3), dtype=dtype)
        n = max(maps[0, 0].numel() - 1, 1)
        var = (maps - mean[:, :, None, None]).square_().sum((2, 3)) / n
        ctx.save_for_backward(maps, mean)
        return mean, var

    @staticmethod
    def backward(ctx, of_mean, of_var):
        """Compute the gradient of the maps."""
        maps, mean = ctx.saved_tensors
        n = maps[0, 0].numel()
        slope = of_var * (2 / max(n - 1, 1))
        return _affine(maps, slope, of_mean / n - mean * slope)


class _Affine(torch.autograd.Function):
    """Scale and shift each image and channel, keeping the map but not its product."""

    @staticmethod
    def forward(ctx, maps, scale, shift):
        """Compute maps · scale + shift, in the type of the maps."""
        ctx.save_for_backward(maps, scale)
        return _affine(maps, scale, shift)

    @staticmethod
    def backward(ctx, gradient):
        """Compute the gradients of maps, scale and shift."""
        maps, scale = ctx.saved_tensors
        gradient = gradient.to(scale.dtype)
        of_maps = (gradient * scale[:, :, None, None]).to(maps.dtype)
        return of_maps, (gradient * maps).sum((2, 3)), gradient.sum((2, 3))


def _affine(maps, scale, shift):
    scale, shift = scale[:, :, None, None], shift[:, :, None, None]
    return torch.addcmul(shift, maps, scale).to(maps.dtype)
