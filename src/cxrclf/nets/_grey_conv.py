"""The first convolution of a network, once for a grey image instead of three times."""

import torch

from cxrclf.nets._shared_conv import SharedConv2d


class GreyConv2d(SharedConv2d):
    """A convolution that takes a repeated channel for what it is.

    The channels of a grey image are one channel, expanded (``x.expand(-1, 3, -1, -1)``,
    a stride of zero). A convolution of them is that of one channel with the sum of the
    weights, at a third of the work; other images are convolved as ever.
    """

    def forward(self, images):
        """Convolve images.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)

        Returns
        -------
        Tensor of shape (b, out_channels, h, w)
        """
        weight = self.weight
        if images.stride(1) == 0:
            images = images[:, :1].contiguous()
            if weight.is_contiguous(memory_format=torch.channels_last):
                # One channel lies the same in both formats. Told so, torch goes on
                # in this one.
                h, w = images.shape[2:]
                images = images.as_strided(images.shape, (h * w, 1, w, 1))
            weight = weight.sum(1, keepdim=True)
        return self._conv_forward(self.padded(images), weight, self.bias)


def take_grey(model):
    """Let the first convolution of a network of timm be a :class:`GreyConv2d`.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place; left as it is where timm names no first convolution, or one
        of another kind.
    """
    first = model.pretrained_cfg.get("first_conv") or ()
    modules = dict(model.named_modules())
    for name in (first,) if isinstance(first, str) else first:
        conv = modules.get(name)
        if SharedConv2d.takes(conv) and conv.in_channels > 1 and conv.groups == 1:
            model.set_submodule(name, GreyConv2d(conv))
