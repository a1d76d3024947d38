"""The patch discriminator of CycleGAN and pix2pix."""

from torch import nn

from cxrclf.nets._gaussian_init import init_gaussian


class PatchDiscriminator(nn.Module):
    """Discriminator that scores each patch of 70 × 70 pixels [1]_.

    The layers are five 4 × 4 convolutions: three with stride 2 and two with stride 1.
    Leaky ReLU with slope 0.2 follows each convolution except the last. Instance
    normalization without parameters follows the second, third and fourth convolution.

    Parameters
    ----------
    channels : int, default=1
        Number of channels of the images.
    width : int, default=64
        Number of channels of the first convolution. The next ones have two, four and
        eight times as many.

    Attributes
    ----------
    receptive_field : int
        Side of the patches in pixels, 70.

    References
    ----------
    .. [1] P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros, "Image-to-image translation with
       conditional adversarial networks", CVPR 2017, arXiv:1611.07004.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import PatchDiscriminator
    >>> PatchDiscriminator(width=8)(torch.zeros(2, 1, 96, 96)).shape
    torch.Size([2, 1, 10, 10])
    """

    receptive_field = 70

    def __init__(self, channels=1, *, width=64):
        super().__init__()
        layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1), _leaky_relu()]
        for n, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
            layers += [
                nn.Conv2d(n, 2 * n, 4, stride=stride, padding=1),
                nn.InstanceNorm2d(2 * n),
                _leaky_relu(),
            ]
        last = nn.Conv2d(8 * width, 1, 4, padding=1)
        self.layers = nn.Sequential(*layers, last)
        init_gaussian(self)

    def forward(self, images):
        """Score patches.

        Parameters
        ----------
        images : Tensor of shape (b, channels, H, W)
            Pixels in [-1, 1]. H and W are at least 24.

        Returns
        -------
        Tensor of shape (b, 1, h, w)
            Scores, 1 for real patches and 0 for generated patches.
        """
        # With channels last, torch computes wrong gradients of instance normalization
        # for a batch of one image.
        return self.layers(images.contiguous())


def _leaky_relu():
    return nn.LeakyReLU(0.2, inplace=True)
