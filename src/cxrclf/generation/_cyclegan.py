"""The networks of a CycleGAN and their losses."""

import copy
from itertools import chain

import torch
from torch import nn
from torch.nn.functional import l1_loss

from cxrclf.generation._image_pool import ImagePool
from cxrclf.nets import PatchDiscriminator, ResnetGenerator


class CycleGAN(nn.Module):
    """Two generators, their averages, two discriminators and their pools of images.

    Direction 0 translates images of the source class to the target class. Direction 1
    translates images of the target class to the source class. Each direction has a
    generator, and a discriminator of its output.

    Parameters
    ----------
    channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width of the images in the pools, in pixels.
    width : int
        Number of channels of the first convolution of a generator.
    n_blocks : int
        Number of residual blocks of a generator.
    skip : bool
        Whether a generator adds its input to its output.
    discriminator_width : int
        Number of channels of the first convolution of a discriminator.
    pool_size : int
        Number of generated images in the pool of a discriminator.
    """

    def __init__(
        self,
        channels,
        image_size,
        *,
        width,
        n_blocks,
        skip,
        discriminator_width,
        pool_size,
    ):
        super().__init__()
        self.generators = nn.ModuleList(
            ResnetGenerator(channels, width=width, n_blocks=n_blocks, skip=skip)
            for _ in range(2)
        )
        self.discriminators = nn.ModuleList(
            PatchDiscriminator(channels, width=discriminator_width) for _ in range(2)
        )
        self.averages = copy.deepcopy(self.generators).requires_grad_(False)
        shape = channels, *image_size
        self.pools = nn.ModuleList(ImagePool(pool_size, shape) for _ in range(2))

    def generator_losses(self, direction, inputs, real):
        """Compute the losses of a generator that translates images.

        Parameters
        ----------
        direction : {0, 1}
        inputs : Tensor of shape (b, C, H, W)
            Images of the class that is translated.
        real : Tensor of shape (b, C, H, W)
            Real images of the other class.

        Returns
        -------
        losses : Tensor of shape (3,)
            Adversarial loss of least squares, L1 of the cycle, L1 of the identity.
        fake : Tensor of shape (b, C, H, W)
            Translated images, without gradients.
        """
        generator, inverse = self.generators[direction], self.generators[1 - direction]
        # Instance normalization treats each image alone, so that one batch of both
        # equals two batches.
        both = generator(torch.cat([inputs, real]))
        fake, same = both.split(len(inputs))
        scores = self.discriminators[direction](fake).to(real.dtype)
        losses = [
            (scores - 1).square().mean(),
            l1_loss(inverse(fake), inputs),
            l1_loss(same, real),
        ]
        return torch.stack(losses), fake.detach()

    def discriminator_loss(self, direction, real, fake):
        """Compute the loss of a discriminator of least squares.

        Parameters
        ----------
        direction : {0, 1}
        real, fake : Tensor of shape (b, C, H, W)
            Real images, and generated images from the pool.

        Returns
        -------
        Tensor
            Half of the sum of both squared errors.
        """
        both = self.discriminators[direction](torch.cat([real, fake]))
        real_scores, fake_scores = both.to(real.dtype).split(len(real))
        return ((real_scores - 1).square().mean() + fake_scores.square().mean()) / 2

    @torch.no_grad()
    def update_averages(self, decay, step):
        """Move the averages of the generators towards the generators.

        Parameters
        ----------
        decay : float
            Decay of the exponential moving average, in [0, 1). 0 copies the weights.
        step : int
            Number of earlier steps. The first steps have a smaller decay, so that the
            initial weights are forgotten.
        """
        decay = min(decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            list(self.averages.parameters()), self.generator_parameters(), 1 - decay
        )

    def generator_parameters(self):
        """Return the parameters of both generators, as a list."""
        return list(self.generators.parameters())

    def all_parameters(self):
        """Return the parameters of the generators and then of the discriminators."""
        return list(
            chain(self.generators.parameters(), self.discriminators.parameters())
        )

    def learned_state(self):
        """Return all tensors, for a checkpoint. They are shared with the module."""
        return {name: tensor.detach() for name, tensor in self.state_dict().items()}

    def load_learned_state(self, state):
        """Load the output of :meth:`learned_state`."""
        self.load_state_dict(state)
