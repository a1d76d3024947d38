"""Initial weights of the networks of a GAN."""

from torch import nn

_STD = 0.02


def init_gaussian(module):
    """Draw the weights of all convolutions from N(0, 0.02²), and set biases to 0.

    Parameters
    ----------
    module : torch.nn.Module
        Module whose convolutions are changed in place.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, _STD)
            nn.init.zeros_(layer.bias)
