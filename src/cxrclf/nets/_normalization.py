"""Pixels in the range that a network expects."""

import torch
from torch import nn


class Normalization(nn.Module):
    """Normalise pixels in [0, 1], and repeat a grey image to the network's channels.

    Parameters
    ----------
    mean, std : tuple of float, of length n_channels
        What the network expects pixels to be normalised with.
    """

    def __init__(self, mean, std):
        super().__init__()
        self.n_channels = len(mean)
        for name, values in (("mean", mean), ("std", std)):
            values = torch.tensor(values).reshape(1, -1, 1, 1)
            if (values == values[:, :1]).all():
                values = values[:, :1].clone()  # a grey image stays one channel
            self.register_buffer(name, values, persistent=False)

    def forward(self, pixels):
        """Normalise a batch.

        Parameters
        ----------
        pixels : Tensor of shape (b, 1, H, W) or (b, n_channels, H, W)
            A single channel, also one that was expanded, stands for all.

        Returns
        -------
        Tensor of shape (b, n_channels, H, W)
        """
        if pixels.stride(1) == 0:
            pixels = pixels[:, :1]
        return ((pixels - self.mean) / self.std).expand(-1, self.n_channels, -1, -1)
