"""Depthwise convolutions whose gradients a processor computes in float32."""

import torch
from torch import nn

from cxrclf.nets._shared_conv import SharedConv2d


class DepthwiseConv2d(SharedConv2d):
    """A depthwise convolution that is trained in bfloat16 as fast as in float32.

    oneDNN computes such a convolution faster in bfloat16, and its gradients three to
    nine times as slowly. So under autocast on a CPU the gradients are computed in
    float32, from the same bfloat16 values. Everything else is as ever.
    """

    def forward(self, images):
        """Convolve each channel.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)

        Returns
        -------
        Tensor of shape (b, out_channels, h, w)
        """
        images = self.padded(images)
        if not self._slow_backward(images):
            return self._conv_forward(images, self.weight, self.bias)
        return _Float32Gradients.apply(
            images,
            self.weight,
            self.bias,
            (self.stride, self.padding, self.dilation, self.groups),
        )

    def _slow_backward(self, images):
        return (
            images.device.type == "cpu"
            and torch.is_grad_enabled()
            and torch.is_autocast_enabled("cpu")
            and torch.get_autocast_dtype("cpu") == torch.bfloat16
            and self.padding_mode == "zeros"
            and not isinstance(self.padding, str)
        )


class _Float32Gradients(torch.autograd.Function):
    """A convolution under autocast, and its gradients without."""

    @staticmethod
    def forward(ctx, images, weight, bias, settings):
        images, weight = (tensor.to(torch.bfloat16) for tensor in (images, weight))
        ctx.save_for_backward(images, weight)
        ctx.settings, ctx.has_bias = settings, bias is not None
        return nn.functional.conv2d(images, weight, bias, *settings)

    @staticmethod
    def backward(ctx, gradient):
        images, weight = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.settings
        of_images, of_weight, of_bias = torch.ops.aten.convolution_backward(
            gradient.float(),
            images.float(),
            weight.float(),
            [len(weight)] if ctx.has_bias else None,
            stride,
            padding,
            dilation,
            False,  # transposed
            [0, 0],
            groups,
            [*ctx.needs_input_grad[:2], ctx.has_bias],
        )
        return of_images, of_weight, of_bias, None


def ease_depthwise(model):
    """Let the depthwise convolutions of a network be :class:`DepthwiseConv2d`.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place.
    """
    eased = {}  # a module may be in several places
    for name, conv in list(model.named_modules(remove_duplicate=False)):
        if SharedConv2d.takes(conv) and conv.groups == conv.in_channels > 1:
            model.set_submodule(name, eased.setdefault(conv, DepthwiseConv2d(conv)))
