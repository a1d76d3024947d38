"""Switchable normalization."""

import torch
from torch import nn


class SwitchableNorm2d(nn.Module):
    r"""Normalize maps with a learned mix of instance, layer and batch statistics [1]_.

    μ and σ² are computed per image and channel (instance), per image (layer) and per
    channel (batch). The output is

    .. math::

        y = \gamma \frac{x - \sum_k w_k \mu_k}{\sqrt{\sum_k w'_k \sigma_k^2 + \epsilon}}
        + \beta, \qquad k \in \{\text{instance, layer, batch}\},

    where w and w' are the softmax of `mean_weight` and of `var_weight`. These weights
    are trained like γ and β, and all channels share them. The statistics of layer and
    batch are averages of the instance statistics, so the map is read only once.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float, default=1e-5
        Number that is added to the variance, 0 or more.
    momentum : float, default=0.9
        Weight of the old running statistics in an update, in [0, 1]. This is the
        definition in the code of the authors. The momentum of torch layers is one
        minus this number.
    last_gamma : bool, default=False
        Whether γ is initialized to 0 instead of 1, for the last layer of a residual
        branch.

    Attributes
    ----------
    weight, bias : Parameter of shape (num_features,)
        γ and β.
    mean_weight, var_weight : Parameter of shape (3,)
        Logits of instance, layer and batch, in this order, initialized to 1.
    running_mean, running_var : Tensor of shape (num_features,)
        Moving averages of the batch statistics, both initialized to 0. They replace the
        batch statistics in inference mode. Instance and layer statistics are always
        computed from the image.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    The variance of an instance is unbiased (divided by H·W - 1), as in the code of the
    authors. The variance of a map with a single value is 0, where their code returns
    NaN. Statistics are computed in float32 or higher precision. The result has the type
    and the memory format of the map. A batch may consist of a single image.

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
        """Reset parameters and running statistics to their initial values."""
        nn.init.constant_(self.weight, 0.0 if self.last_gamma else 1.0)
        nn.init.ones_(self.mean_weight)
        nn.init.ones_(self.var_weight)
        for zero in (self.bias, self.running_mean, self.running_var):
            nn.init.zeros_(zero)

    def forward(self, maps):
        """Normalize maps.

        Parameters
        ----------
        maps : Tensor of shape (b, num_features, H, W)
            Feature maps.

        Returns
        -------
        Tensor of shape (b, num_features, H, W)
            Normalized maps.

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
        layer = _average_moments(*instance, 1)
        if self.training:
            batch = _average_moments(*instance, 0)
            self._update_running_statistics(*batch)
        else:
            batch = self.running_mean, self.running_var
        mean_weights = self.mean_weight.softmax(0)
        var_weights = self.var_weight.softmax(0)
        kinds = instance, layer, batch
        mean = sum(w * m for w, (m, _) in zip(mean_weights, kinds, strict=True))
        var = sum(w * v for w, (_, v) in zip(var_weights, kinds, strict=True))
        # γ (x - mean) / sqrt(var + eps) + β as one scale and one shift per channel.
        scale = self.weight * torch.rsqrt(var + self.eps)
        return _Affine.apply(maps, scale, self.bias - mean * scale)

    def extra_repr(self):
        """Return the settings, for ``repr``."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{text}, last_gamma=True" if self.last_gamma else text

    @torch.no_grad()
    def _update_running_statistics(self, mean, var):
        for running, value in ((self.running_mean, mean), (self.running_var, var)):
            running.lerp_(value[0].to(running.dtype), 1 - self.momentum)


def _average_moments(mean, var, dim):
    """Average means and variances of instances over images or channels.

    The variance is E[σ² + μ²] - E[μ]². It is computed as E[σ² + (μ - E[μ])²], which
    avoids the difference of two large numbers.
    """
    total = mean.mean(dim, keepdim=True)
    return total, (var + (mean - total).square()).mean(dim, keepdim=True)


class _Moments(torch.autograd.Function):
    """Mean and unbiased variance per image and channel, of shape (b, c).

    torch.var_mean takes ten times as long. Without a backward function of its own,
    autograd would save more memory than the map itself.
    """

    @staticmethod
    def forward(ctx, maps):
        """Compute the moments in float32 or higher precision."""
        dtype = torch.promote_types(maps.dtype, torch.float32)
        mean = maps.mean((2, 3), dtype=dtype)
        n = max(maps[0, 0].numel() - 1, 1)
        var = (maps - mean[:, :, None, None]).square_().sum((2, 3)) / n
        ctx.save_for_backward(maps, mean)
        return mean, var

    @staticmethod
    def backward(ctx, mean_gradient, var_gradient):
        """Compute the gradient with respect to the maps."""
        maps, mean = ctx.saved_tensors
        n = maps[0, 0].numel()
        # d var / d x = 2 (x - mean) / (n - 1) and d mean / d x = 1 / n.
        slope = var_gradient * (2 / max(n - 1, 1))
        return _affine(maps, slope, mean_gradient / n - mean * slope)


class _Affine(torch.autograd.Function):
    """Scale and shift per image and channel. Saves the map for the gradients only."""

    @staticmethod
    def forward(ctx, maps, scale, shift):
        """Compute maps · scale + shift, in the type of the maps."""
        ctx.save_for_backward(maps, scale)
        return _affine(maps, scale, shift)

    @staticmethod
    def backward(ctx, gradient):
        """Compute the gradients with respect to maps, scale and shift."""
        maps, scale = ctx.saved_tensors
        gradient = gradient.to(scale.dtype)
        maps_gradient = (gradient * scale[:, :, None, None]).to(maps.dtype)
        return maps_gradient, (gradient * maps).sum((2, 3)), gradient.sum((2, 3))


def _affine(maps, scale, shift):
    scale, shift = scale[:, :, None, None], shift[:, :, None, None]
    return torch.addcmul(shift, maps, scale).to(maps.dtype)
