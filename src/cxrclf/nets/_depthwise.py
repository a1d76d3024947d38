"""Depthwise convolutions with gradients in float32 on a CPU."""

import torch
from torch import nn

from cxrclf.nets._shared_conv import SharedConv2d


class DepthwiseConv2d(SharedConv2d):
    """Depthwise convolution that trains in bfloat16 as fast as in float32.

    In bfloat16, oneDNN computes the convolution faster than in float32, but its
    gradients three to nine times more slowly. Under autocast on a CPU, the gradients
    are therefore computed in float32 from the same bfloat16 values. In all other
    cases, the computation is unchanged.
    """

    def forward(self, images):
        """Convolve each channel.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Input of the convolution.

        Returns
        -------
        Tensor of shape (b, out_channels, h, w)
            Output of the convolution.
        """
        images = self.pad_images(images)
        if not self._needs_float32_gradients(images):
            return self._conv_forward(images, self.weight, self.bias)
        return _Float32Gradients.apply(
            images,
            self.weight,
            self.bias,
            (self.stride, self.padding, self.dilation, self.groups),
        )

    def _needs_float32_gradients(self, images):
        return (
            images.device.type == "cpu"
            and torch.is_grad_enabled()
            and torch.is_autocast_enabled("cpu")
            and torch.get_autocast_dtype("cpu") == torch.bfloat16
            and self.padding_mode == "zeros"
            and not isinstance(self.padding, str)
        )


class _Float32Gradients(torch.autograd.Function):
    """Convolution in bfloat16 with gradients in float32."""

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
        images_gradient, weight_gradient, bias_gradient = (
            torch.ops.aten.convolution_backward(
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
        )
        return images_gradient, weight_gradient, bias_gradient, None


def replace_depthwise(model):
    """Replace the depthwise convolutions of a network by :class:`DepthwiseConv2d`.

    Parameters
    ----------
    model : torch.nn.Module
        Network, changed in place.
    """
    replacements = {}  # by module: one module may occur at several places
    for name, conv in list(model.named_modules(remove_duplicate=False)):
        if SharedConv2d.can_replace(conv) and conv.groups == conv.in_channels > 1:
            replacement = replacements.setdefault(conv, DepthwiseConv2d(conv))
            model.set_submodule(name, replacement)
