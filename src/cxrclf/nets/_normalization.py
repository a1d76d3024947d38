"""Normalization of pixels for a network."""

import torch
from torch import nn


class Normalization(nn.Module):
    """Normalize pixels in [0, 1], and repeat gray images for all channels.

    Parameters
    ----------
    mean, std : tuple of float, of length n_channels
        Mean and standard deviation per channel that normalize pixels.
    """

    def __init__(self, mean, std):
        super().__init__()
        self.n_channels = len(mean)
        for name, values in (("mean", mean), ("std", std)):
            values = torch.tensor(values).reshape(1, -1, 1, 1)
            if (values == values[:, :1]).all():
                values = values[:, :1].clone()  # a gray image remains a single channel
            self.register_buffer(name, values, persistent=False)

    def forward(self, pixels):
        """Normalize a batch of images.

        Parameters
        ----------
        pixels : Tensor of shape (b, 1, H, W) or (b, n_channels, H, W)
            Pixels in [0, 1]. A single channel is repeated for all channels.

        Returns
        -------
        Tensor of shape (b, n_channels, H, W)
            Normalized pixels.
        """
        if pixels.stride(1) == 0:  # one channel, repeated by Tensor.expand
            pixels = pixels[:, :1]
        return ((pixels - self.mean) / self.std).expand(-1, self.n_channels, -1, -1)
