"""The residual generator of CycleGAN."""

from torch import nn

from cxrclf.nets._autocast import without_autocast
from cxrclf.nets._gaussian_init import init_gaussian


class ResnetGenerator(nn.Module):
    """Generator that maps images to images of the same size [1]_ [2]_.

    The layers are a 7 × 7 convolution, two 3 × 3 convolutions with stride 2, residual
    blocks at a quarter of the size, two transposed convolutions, a 7 × 7 convolution
    and tanh. Instance normalization without parameters and ReLU follow each
    convolution except the last. Borders are padded by reflection.

    Parameters
    ----------
    channels : int, default=1
        Number of channels of the images.
    width : int, default=64
        Number of channels of the first convolution. The residual blocks have four
        times as many.
    n_blocks : int, default=9
        Number of residual blocks. The paper uses 6 for images of 128 px, and 9 for
        images of 256 px or more.
    skip : bool, default=False
        Whether the layers compute the change of an image instead of the whole image.
        The output is then the sum of the input and tanh, clipped to [-1, 1]. The last
        convolution starts at 0, so that an untrained generator returns its input. The
        paper has no such connection. With it, narrow networks and short trainings keep
        the detail of the input.

    References
    ----------
    .. [1] J.-Y. Zhu, T. Park, P. Isola, A. A. Efros, "Unpaired image-to-image
       translation using cycle-consistent adversarial networks", ICCV 2017,
       arXiv:1703.10593.
    .. [2] J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual losses for real-time style
       transfer and super-resolution", ECCV 2016, arXiv:1603.08155.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import ResnetGenerator
    >>> generator = ResnetGenerator(width=8, n_blocks=2)
    >>> generator(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 1, 32, 32])
    """

    def __init__(self, channels=1, *, width=64, n_blocks=9, skip=False):
        super().__init__()
        self.skip = skip
        layers = [*_wide_conv(channels, width), *_norm_relu(width)]
        for n in (width, 2 * width):
            layers += [nn.Conv2d(n, 2 * n, 3, stride=2, padding=1), *_norm_relu(2 * n)]
        layers += [_ResidualBlock(4 * width) for _ in range(n_blocks)]
        for n in (4 * width, 2 * width):
            # The output padding makes the size exactly twice the size of the input.
            layers += [
                nn.ConvTranspose2d(n, n // 2, 3, stride=2, padding=1, output_padding=1),
                *_norm_relu(n // 2),
            ]
        self.layers = nn.Sequential(*layers, nn.ReflectionPad2d(3))
        self.output = nn.Conv2d(width, channels, 7)
        init_gaussian(self)
        if skip:
            nn.init.zeros_(self.output.weight)

    def forward(self, images):
        """Translate images.

        Parameters
        ----------
        images : Tensor of shape (b, channels, H, W)
            Pixels in [-1, 1]. H and W are multiples of 4, at least 8.

        Returns
        -------
        Tensor of shape (b, channels, H, W)
            Pixels in [-1, 1], in the precision of the parameters.
        """
        # With channels last, torch computes wrong gradients of instance normalization
        # for a batch of one image.
        images = images.contiguous()
        maps = self.layers(images)
        # bfloat16 has fewer shades than an image.
        with without_autocast(maps):
            values = self.output(maps.to(self.output.weight.dtype)).tanh()
        return (images + values).clamp(-1, 1) if self.skip else values


class _ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions whose output is added to their input."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            *_norm_relu(width),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, maps):
        return maps + self.layers(maps)


def _wide_conv(n_in, n_out):
    return [nn.ReflectionPad2d(3), nn.Conv2d(n_in, n_out, 7)]


def _norm_relu(width):
    return [nn.InstanceNorm2d(width), nn.ReLU(inplace=True)]
