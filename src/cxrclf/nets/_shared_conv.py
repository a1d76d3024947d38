"""Base class of convolutions that replace another convolution."""

from timm.layers import Conv2dSame, pad_same
from torch import nn


class SharedConv2d(nn.Conv2d):
    """Base class of convolutions that replace another one and share its parameters.

    Subclasses compute the same result in a faster way.

    Parameters
    ----------
    conv : torch.nn.Conv2d or timm.layers.Conv2dSame
        Convolution to replace.
    """

    def __init__(self, conv):
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            bias=conv.bias is not None,
            padding_mode=conv.padding_mode,
            device="meta",  # allocates no parameters, because they are shared
        )
        self.weight, self.bias = conv.weight, conv.bias
        self.same = isinstance(conv, Conv2dSame)

    @staticmethod
    def can_replace(module):
        """Return whether a module is a convolution that can be replaced."""
        return type(module) in (nn.Conv2d, Conv2dSame)

    def pad_images(self, images):
        """Apply the padding of ``Conv2dSame``, which depends on the image size."""
        if not self.same:
            return images
        return pad_same(images, self.kernel_size, self.stride, self.dilation)
