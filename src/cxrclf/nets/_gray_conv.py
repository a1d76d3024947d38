"""First convolution of a network, computed once for gray images."""

import torch

from cxrclf.nets._shared_conv import SharedConv2d


class GrayConv2d(SharedConv2d):
    """Convolution that computes a repeated channel only once.

    The three channels of a gray image are one channel repeated by
    ``x.expand(-1, 3, -1, -1)``, which has stride zero. Their convolution equals the
    convolution of one channel with the sum of the weights over the channels, which is
    a third of the work. Other images are convolved as usual.
    """

    def forward(self, images):
        """Convolve images.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Input of the convolution.

        Returns
        -------
        Tensor of shape (b, out_channels, h, w)
            Output of the convolution.
        """
        weight = self.weight
        if images.stride(1) == 0:
            images = images[:, :1].contiguous()
            if weight.is_contiguous(memory_format=torch.channels_last):
                # The memory of one channel is the same in both formats. The strides of
                # channels_last make torch choose this format for the output.
                h, w = images.shape[2:]
                images = images.as_strided(images.shape, (h * w, 1, w, 1))
            weight = weight.sum(1, keepdim=True)
        return self._conv_forward(self.pad_images(images), weight, self.bias)


def replace_first_convolution(model):
    """Replace the first convolution of a network by :class:`GrayConv2d`.

    Parameters
    ----------
    model : torch.nn.Module
        Network of timm, changed in place. It stays unchanged if timm does not name its
        first convolution, or if this module is no ordinary convolution.
    """
    first = model.pretrained_cfg.get("first_conv") or ()
    modules = dict(model.named_modules())
    for name in (first,) if isinstance(first, str) else first:
        conv = modules.get(name)
        if SharedConv2d.can_replace(conv) and conv.in_channels > 1 and conv.groups == 1:
            model.set_submodule(name, GrayConv2d(conv))
