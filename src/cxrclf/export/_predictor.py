"""Predictor: a module from stored pixels to probabilities."""

import torch
from torch import nn


class Predictor(nn.Module):
    """Compute the probabilities of 8-bit images.

    Parameters
    ----------
    network : Network
        Network with logits as outputs.
    color : bool
        Whether images have a last axis of channels.
    """

    def __init__(self, network, *, color):
        super().__init__()
        self.network = network
        self.color = color

    def forward(self, images):
        """Compute probabilities.

        Parameters
        ----------
        images : Tensor of shape (n, H, W) or (n, H, W, C) of uint8

        Returns
        -------
        Tensor of shape (n, n_classes), or (n, H, W) or (n, H, W, n_classes) for masks
        """
        pixels = images.to(torch.float32) / 255
        pixels = pixels.permute(0, 3, 1, 2) if self.color else pixels[:, None]
        outputs = self.network(pixels)
        if outputs.ndim == 2:
            return outputs.softmax(1)
        if outputs.shape[1] == 1:
            return outputs.sigmoid()[:, 0]
        return outputs.softmax(1).permute(0, 2, 3, 1)
