"""A convolution that takes the place of another one, with its parameters."""

from timm.layers import Conv2dSame, pad_same
from torch import nn


class SharedConv2d(nn.Conv2d):
    """Base of convolutions that compute the same as another in another way.

    Parameters
    ----------
    conv : torch.nn.Conv2d or timm.layers.Conv2dSame
        Its parameters are shared.
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
            device="meta",
        )
        self.weight, self.bias = conv.weight, conv.bias
        self.same = isinstance(conv, Conv2dSame)

    @staticmethod
    def takes(module):
        """Return whether a module is a convolution whose place can be taken."""
        return type(module) in (nn.Conv2d, Conv2dSame)

    def padded(self, images):
        """Return images with the padding that is not the convolution's own."""
        if not self.same:
            return images
        return pad_same(images, self.kernel_size, self.stride, self.dilation)
