"""U-Net: an encoder and a decoder with outputs at the size of the image."""

import torch
from torch import nn
from torch.nn import functional

from cxrclf.nets._autocast import without_autocast
from cxrclf.nets._encoder import double_convolution
from cxrclf.nets._network import Network


class UNetDecoder(nn.Module):
    """The expanding path of a U-Net.

    The decoder starts from the coarsest map. Each step doubles its size, concatenates
    the encoder's map of the same size, and applies two convolutions. If the encoder has
    no map of this size, nothing is concatenated.

    Parameters
    ----------
    channels : sequence of int
        Number of channels of each map of the encoder, from fine to coarse.
    reductions : sequence of int
        Size of the image divided by the size of each map, from fine to coarse.
    n_outputs : int
        Number of outputs per pixel.
    width : int, default=64
        Number of channels at the size of the image. It doubles whenever the size
        halves.
    batch_norm : bool, default=True
        Whether to use batch normalization between convolution and ReLU.
    upsampling : {"transposed", "bilinear"}, default="transposed"
        ``"transposed"`` doubles the size by a learned 2 × 2 up-convolution, which also
        halves the channels, as in [1]_. ``"bilinear"`` doubles it by interpolation.

    Raises
    ------
    ValueError
        If a reduction is not a power of two, or `upsampling` is unknown.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for
       biomedical image segmentation", MICCAI 2015, arXiv:1505.04597.
    """

    def __init__(
        self,
        channels,
        reductions,
        n_outputs,
        *,
        width=64,
        batch_norm=True,
        upsampling="transposed",
    ):
        super().__init__()
        if upsampling not in ("transposed", "bilinear"):
            raise ValueError(
                f'upsampling must be "transposed" or "bilinear", got {upsampling!r}.'
            )
        odd = [r for r in reductions if r & (r - 1)]
        if odd:
            raise ValueError(
                f"The encoder has maps that are smaller by {odd}, which is no power of "
                "two. Choose another encoder."
            )
        skips = dict(zip(reductions, channels, strict=True))
        below = skips[max(skips)]
        self.ups, self.steps = nn.ModuleList(), nn.ModuleList()
        self._skips = []
        for level in reversed(range(max(skips).bit_length() - 1)):
            c_out = width * 2**level
            c_up = c_out if upsampling == "transposed" else below
            self.ups.append(
                nn.ConvTranspose2d(below, c_up, 2, stride=2)
                if upsampling == "transposed"
                else nn.Upsample(scale_factor=2, mode="bilinear")
            )
            c_in = c_up + skips.get(2**level, 0)
            self.steps.append(double_convolution(c_in, c_out, batch_norm=batch_norm))
            self._skips.append(2**level if 2**level in skips else None)
            below = c_out
        self._reductions = tuple(reductions)
        self.output = nn.Conv2d(below, n_outputs, 1)

    def forward(self, maps, image_size):
        """Compute the outputs of each pixel.

        Parameters
        ----------
        maps : list of Tensor
            Maps of the encoder, from fine to coarse.
        image_size : (int, int)
            Height and width of the images.

        Returns
        -------
        Tensor of shape (b, n_outputs, H, W)
            Outputs in the precision of the parameters, also under autocast.
        """
        maps = dict(zip(self._reductions, maps, strict=True))
        x = maps[max(maps)]
        for up, step, skip in zip(self.ups, self.steps, self._skips, strict=True):
            x = up(x)
            if skip is not None:
                x = torch.cat([_resize(x, maps[skip].shape[2:]), maps[skip]], 1)
            elif step is self.steps[-1]:
                x = _resize(x, image_size)
            x = step(x)
        with without_autocast(x):
            outputs = self.output(x.to(self.output.weight.dtype))
        return _resize(outputs, image_size)


class UNet(Network):
    """An encoder and a decoder with outputs for each pixel of an image.

    Parameters
    ----------
    backbone : PlainEncoder or FeatureEncoder
        Encoder.
    head : UNetDecoder
        Decoder with the channels and reductions of the encoder.
    normalization : {"backbone", "unit"}, default="backbone"
        ``"backbone"`` normalizes pixels with ``backbone.mean`` and ``backbone.std``.
        ``"unit"`` leaves pixels in [0, 1].

    Attributes
    ----------
    backbone : PlainEncoder or FeatureEncoder
        Encoder.
    head : UNetDecoder
        Decoder.
    normalization : str
        Parameter of the same name.
    trainable : "all", "head" or int
        Last argument of `set_trainable`; "all" before the first call. The head is the
        decoder.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import FeatureEncoder, UNet, UNetDecoder, make_backbone
    >>> encoder = FeatureEncoder(make_backbone("test_resnet", image_size=64))
    >>> encoder.reductions
    (2, 4, 8, 16, 32)
    >>> decoder = UNetDecoder(encoder.channels, encoder.reductions, 1, width=8)
    >>> UNet(encoder, decoder)(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 1, 64, 64])
    """

    def forward(self, images):
        """Compute the outputs of each pixel.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1]. A single channel is repeated for all channels of the
            encoder.

        Returns
        -------
        Tensor of shape (b, n_outputs, H, W)
            Outputs of each pixel.
        """
        pixels = self._normalize_images(images)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen_body):
            maps = self.backbone(pixels)
        return self.head(maps, images.shape[2:])


def _resize(x, size):
    """Resize a map if its size differs: an odd side is not twice its rounded half."""
    if tuple(x.shape[2:]) == tuple(size):
        return x
    return functional.interpolate(x, tuple(size), mode="bilinear")
